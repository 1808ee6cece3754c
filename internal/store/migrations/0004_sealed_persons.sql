-- Names and addresses are sealed by the program before they come here. A row
-- with an empty key_id is of the version before, which wrote them plain: it is
-- sealed later, and its plain columns emptied.
--
-- A mail of a sealed person is 'queued' and not 'pending', so that a pod of the
-- version before, which cannot read the person, does not take it.

ALTER TABLE halo_person.person
  ADD COLUMN key_id       VARCHAR(100)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  ADD COLUMN first_sealed VARBINARY(900)  NULL,
  ADD COLUMN last_sealed  VARBINARY(900)  NULL,
  ADD COLUMN email_sealed VARBINARY(1400) NULL,
  ADD COLUMN email_index  BINARY(16)      NULL,
  ADD KEY person_key (key_id, assessment_id),
  ADD KEY person_email_index (email_index),
  ADD KEY person_created (created_at);

ALTER TABLE halo_person.outbox
  DROP CONSTRAINT outbox_state,
  ADD CONSTRAINT outbox_states CHECK (state IN ('pending', 'queued', 'sent', 'parked', 'canceled'));

-- What is left of an erased person: the number alone, so that a restored copy
-- can be rid of the person again.
CREATE TABLE IF NOT EXISTS halo_person.erasure (
  assessment_id BIGINT   NOT NULL,
  erased_at     DATETIME NOT NULL,
  PRIMARY KEY (assessment_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
