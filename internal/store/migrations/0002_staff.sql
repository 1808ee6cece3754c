-- The staff of the firm: who may sign in to the console, and what they did.
-- Nothing here names a visitor: a subject of the log is a number.
--
-- Digests are SHA-256 of random values of 80 bits and more, which nobody can
-- guess; only a password is of a person's choosing and is stretched (Argon2id).

CREATE TABLE IF NOT EXISTS halo_staff.account (
  id           BIGINT         NOT NULL,
  name         VARCHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  role         VARCHAR(16)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  advisor      VARCHAR(64)    NOT NULL DEFAULT '',
  state        VARCHAR(16)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  password     VARCHAR(200)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  secret       VARBINARY(255) NOT NULL DEFAULT '',
  last_step    BIGINT         NOT NULL DEFAULT 0,
  created_at   DATETIME       NOT NULL,
  signed_in_at DATETIME       NULL,
  PRIMARY KEY (id),
  UNIQUE KEY account_name (name),
  CONSTRAINT account_state CHECK (state IN ('requested', 'invited', 'active', 'disabled'))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What a second person has still to agree to; one for an account at most.
CREATE TABLE IF NOT EXISTS halo_staff.approval (
  account_id   BIGINT      NOT NULL,
  kind         VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  requested_by BIGINT      NOT NULL,
  requested_at DATETIME    NOT NULL,
  PRIMARY KEY (account_id),
  CONSTRAINT approval_kind CHECK (kind IN ('create', 'reset'))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A one-time link. The password and the secret wait here until the second
-- factor has been shown to work.
CREATE TABLE IF NOT EXISTS halo_staff.invitation (
  account_id BIGINT         NOT NULL,
  digest     BINARY(32)     NOT NULL,
  expires_at DATETIME       NOT NULL,
  password   VARCHAR(200)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  secret     VARBINARY(255) NOT NULL DEFAULT '',
  PRIMARY KEY (account_id),
  UNIQUE KEY invitation_digest (digest)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS halo_staff.recovery_code (
  account_id BIGINT     NOT NULL,
  digest     BINARY(32) NOT NULL,
  used_at    DATETIME   NULL,
  PRIMARY KEY (account_id, digest)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS halo_staff.session (
  digest     BINARY(32)  NOT NULL,
  account_id BIGINT      NOT NULL,
  created_at DATETIME(6) NOT NULL,
  seen_at    DATETIME(6) NOT NULL,
  PRIMARY KEY (digest),
  KEY session_account (account_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Browsers that somebody has signed in with: their failures are counted apart
-- from those of strangers.
CREATE TABLE IF NOT EXISTS halo_staff.device (
  digest     BINARY(32) NOT NULL,
  account_id BIGINT     NOT NULL,
  created_at DATETIME   NOT NULL,
  PRIMARY KEY (digest),
  KEY device_account (account_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Failures to sign in, by a digest of the account's name and from where.
CREATE TABLE IF NOT EXISTS halo_staff.attempt (
  digest   BINARY(32)  NOT NULL,
  failures INT         NOT NULL,
  last_at  DATETIME(6) NOT NULL,
  PRIMARY KEY (digest),
  KEY attempt_last (last_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Each row's hash covers the row and the hash of the row before.
CREATE TABLE IF NOT EXISTS halo_staff.audit (
  number   BIGINT        NOT NULL,
  at       DATETIME(6)   NOT NULL,
  actor    BIGINT        NOT NULL,
  action   VARCHAR(40)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  subject  BIGINT        NOT NULL,
  detail   VARCHAR(2000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  previous BINARY(32)    NOT NULL,
  hash     BINARY(32)    NOT NULL,
  PRIMARY KEY (number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The end of the log: who appends locks this row, and a log that was cut off
-- no longer fits it.
CREATE TABLE IF NOT EXISTS halo_staff.audit_head (
  id     TINYINT    NOT NULL,
  number BIGINT     NOT NULL,
  hash   BINARY(32) NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT audit_head_one CHECK (id = 1)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT IGNORE INTO halo_staff.audit_head (id, number, hash) VALUES (1, 0, UNHEX(REPEAT('00', 32)));

-- The staff may take a mail out of the queue for good.
ALTER TABLE halo_person.outbox DROP CONSTRAINT outbox_state,
  ADD CONSTRAINT outbox_state CHECK (state IN ('pending', 'sent', 'parked', 'canceled'));
