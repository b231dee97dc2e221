-- What a double opt-in asks for may be longer than an entry of an index: the same wish is found by its hash.
create function sha256_of(content text) returns bytea language sql immutable strict parallel safe
  return sha256(convert_to(content, 'UTF8'));
drop index double_opt_ins_pending;
create unique index double_opt_ins_pending on double_opt_ins (contact_point_id, profile, sha256_of(grants_key)) where state = 'pending';
