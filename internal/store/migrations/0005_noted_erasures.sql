-- When an erased number was noted outside of this database, where it outlives
-- it; nothing until then.

ALTER TABLE halo_person.erasure
  ADD COLUMN noted_at DATETIME NULL,
  ADD KEY erasure_noted (noted_at, assessment_id);
