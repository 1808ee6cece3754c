-- The id of the request that queued a mail, so that the log lines of both can
-- be found together. It is taken away when the mail has been sent. MySQL has
-- no ADD COLUMN IF NOT EXISTS, and a statement must be repeatable.

SET @halo_change = IF(
  (SELECT COUNT(*) FROM information_schema.columns
   WHERE table_schema = 'halo_person' AND table_name = 'outbox' AND column_name = 'request') = 0,
  'ALTER TABLE halo_person.outbox ADD COLUMN request VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''''',
  'DO 0');
PREPARE halo_change FROM @halo_change;
EXECUTE halo_change;
DEALLOCATE PREPARE halo_change;
