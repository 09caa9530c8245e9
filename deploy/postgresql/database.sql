-- The empty database, after `interlude db roles`: it lets in Interlude's roles and nobody else.
CREATE DATABASE interlude OWNER interlude_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT, TEMPORARY ON DATABASE interlude FROM PUBLIC;
GRANT CONNECT ON DATABASE interlude TO
    interlude_owner, interlude_app, interlude_worker, interlude_auditor, interlude_sealer;
