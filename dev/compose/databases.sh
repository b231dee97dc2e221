#!/bin/bash
# Run once by the postgres image, on an empty volume: a role for the application and one for Temporal, neither a superuser.
set -euo pipefail

psql --username "$POSTGRES_USER" --set ON_ERROR_STOP=1 \
  --set assent="$ASSENT_DATABASE_PASSWORD" --set temporal="$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
create role assent login createrole password :'assent';
create database assent owner assent;
create role temporal login createdb password :'temporal';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
SQL
