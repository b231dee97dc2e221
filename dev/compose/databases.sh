#!/bin/bash
# Run once by the postgres image, on an empty volume: an owner and a user for the application, and one for Temporal: none a superuser.
set -euo pipefail

psql --username "$POSTGRES_USER" --set ON_ERROR_STOP=1 \
  --set owner="$ASSENT_OWNER_PASSWORD" --set assent="$ASSENT_DATABASE_PASSWORD" --set temporal="$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
create role assent_owner login createrole password :'owner';
create role assent login password :'assent';
create role assent_app nologin;
grant assent_app to assent_owner with admin option;
grant assent_app to assent;
create database assent owner assent_owner;
create role temporal login createdb password :'temporal';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
SQL
