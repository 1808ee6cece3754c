-- Two schemas that share one number: assessment.id is person.assessment_id.
-- No foreign key crosses the schemas, so that erasing a person never touches
-- an assessment. Within halo_person, erasing the person erases the rest.
--
-- Documents are text and not of the type JSON, because MySQL would reorder
-- their keys and MariaDB would not.

CREATE TABLE IF NOT EXISTS halo_assessment.assessment (
  id             BIGINT       NOT NULL,
  model_version  VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  data_sha256    CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  valuation_year SMALLINT     NOT NULL,
  input          MEDIUMTEXT   NOT NULL,
  result         MEDIUMTEXT   NOT NULL,
  browser        MEDIUMTEXT   NOT NULL,
  created_at     DATETIME     NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT assessment_input_is_json CHECK (JSON_VALID(input)),
  CONSTRAINT assessment_result_is_json CHECK (JSON_VALID(result)),
  CONSTRAINT assessment_browser_is_json CHECK (JSON_VALID(browser))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS halo_assessment.nonce (
  nonce         BINARY(16) NOT NULL,
  assessment_id BIGINT     NOT NULL,
  created_at    DATETIME   NOT NULL,
  PRIMARY KEY (nonce)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS halo_person.person (
  assessment_id BIGINT       NOT NULL,
  advisor       VARCHAR(64)  NOT NULL,
  first_name    VARCHAR(200) NOT NULL,
  last_name     VARCHAR(200) NOT NULL,
  email         VARCHAR(320) NOT NULL,
  created_at    DATETIME     NOT NULL,
  PRIMARY KEY (assessment_id),
  KEY person_email (email)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS halo_person.consent (
  assessment_id BIGINT   NOT NULL,
  given_at      DATETIME NOT NULL,
  PRIMARY KEY (assessment_id),
  CONSTRAINT consent_person FOREIGN KEY (assessment_id)
    REFERENCES halo_person.person (assessment_id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS halo_person.outbox (
  id            BIGINT       NOT NULL,
  assessment_id BIGINT       NOT NULL,
  kind          VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state         VARCHAR(8)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'pending',
  attempts      INT          NOT NULL DEFAULT 0,
  due_at        DATETIME(6)  NOT NULL,
  claimed_by    VARCHAR(64)  NOT NULL DEFAULT '',
  reason        VARCHAR(255) NOT NULL DEFAULT '',
  created_at    DATETIME     NOT NULL,
  finished_at   DATETIME     NULL,
  PRIMARY KEY (id),
  UNIQUE KEY outbox_once (assessment_id, kind),
  KEY outbox_due (state, due_at),
  CONSTRAINT outbox_person FOREIGN KEY (assessment_id)
    REFERENCES halo_person.person (assessment_id) ON DELETE CASCADE,
  CONSTRAINT outbox_kind CHECK (kind IN ('report', 'confirmation')),
  CONSTRAINT outbox_state CHECK (state IN ('pending', 'sent', 'parked'))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
