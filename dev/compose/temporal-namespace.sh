#!/bin/sh
# Makes the namespace and Assent's search attributes. May run any number of times; restarted while the server is not ready yet.
set -eu

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 720h

known=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE")
for attribute in AssentJourney=Keyword AssentVersion=Int AssentState=Keyword; do
  name=${attribute%%=*}
  case $known in
    *"$name"*) ;;
    *)
      temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
        --name "$name" --type "${attribute#*=}"
      ;;
  esac
done
