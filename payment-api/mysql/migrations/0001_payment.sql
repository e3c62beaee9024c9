-- The payment database. Ids are time-ordered (41 bits ms, 10 node, 12 sequence), so that a day is a range of ids:
-- the RANGE partitions of payment and its children are cut on the same ids, a look-up by payment id prunes to one
-- partition, and a DROP of a day orphans nothing. The first partition is empty for ever; `payment-api migrate` and the
-- worker add a partition a day, seven days ahead. There is no MAXVALUE partition: an id outside is an error, not a surprise.

CREATE TABLE IF NOT EXISTS payment (
  id              BIGINT UNSIGNED NOT NULL,
  merchant_id     INT UNSIGNED    NOT NULL,
  order_id        VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount          BIGINT          NOT NULL COMMENT 'minor units',
  currency        CHAR(3)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  mode            VARCHAR(5)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'SYNC or ASYNC',
  state           VARCHAR(10)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version         INT UNSIGNED    NOT NULL COMMENT 'one more with every commit; equals the seq of the last event',
  reason          VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'why UNDOING or FAILED',
  key_hash        BINARY(32)      NOT NULL COMMENT 'the idempotency key that created it',
  created_at      DATETIME(6)     NOT NULL,
  started_at      DATETIME(6)     NULL COMMENT 'start of PROCESSING: the resolve deadline counts from here',
  undoing_at      DATETIME(6)     NULL COMMENT 'UNDOING committed: the late-arrival bound counts from here',
  settled_at      DATETIME(6)     NULL,
  expires_at      DATETIME(6)     NULL COMMENT 'ASYNC: never claimed after this',
  PRIMARY KEY (id)
) ENGINE=InnoDB PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (1));

CREATE TABLE IF NOT EXISTS payment_leg (
  payment_id      BIGINT UNSIGNED NOT NULL,
  seq             TINYINT UNSIGNED NOT NULL COMMENT 'order of the calls',
  means           VARCHAR(6)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'PG, POINT or COUPON',
  amount          BIGINT          NOT NULL,
  state           VARCHAR(8)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reference       VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT '<payment>.<seq>, committed before the call',
  token           VARCHAR(512)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'payment-method token',
  transaction_id  VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'the means'' own id',
  code            VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'why DECLINED or ABSENT or UNKNOWN',
  booked_at       DATETIME(6)     NULL COMMENT 'the means'' booking time',
  PRIMARY KEY (payment_id, seq)
) ENGINE=InnoDB PARTITION BY RANGE (payment_id) (PARTITION p0 VALUES LESS THAN (1));

CREATE TABLE IF NOT EXISTS payment_event (
  payment_id      BIGINT UNSIGNED NOT NULL,
  seq             INT UNSIGNED    NOT NULL COMMENT 'the payment''s version after this event',
  from_state      VARCHAR(10)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'empty: created',
  to_state        VARCHAR(10)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  cause           VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  legs            VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'leg states after it, by seq, e.g. HELD,CAPTURED',
  actor           VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'which process',
  at              DATETIME(6)     NOT NULL,
  PRIMARY KEY (payment_id, seq)
) ENGINE=InnoDB PARTITION BY RANGE (payment_id) (PARTITION p0 VALUES LESS THAN (1));

-- Not partitioned from here on: a claim must be unique for ever, not per day, and work must be found without scanning days.

CREATE TABLE IF NOT EXISTS idempotency_key (
  merchant_id     INT UNSIGNED    NOT NULL,
  key_hash        BINARY(32)      NOT NULL COMMENT 'SHA-256 of method, path and key',
  request_hash    BINARY(32)      NOT NULL COMMENT 'SHA-256 of the decoded, validated request',
  payment_id      BIGINT UNSIGNED NOT NULL,
  status          SMALLINT UNSIGNED NULL COMMENT 'of the stored answer; NULL: in progress',
  body            VARBINARY(4096) NULL,
  created_at      DATETIME(6)     NOT NULL,
  answered_at     DATETIME(6)     NULL,
  PRIMARY KEY (merchant_id, key_hash)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS order_guard (
  merchant_id     INT UNSIGNED    NOT NULL,
  order_id        VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payment_id      BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (merchant_id, order_id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS open_payment (
  payment_id       BIGINT UNSIGNED NOT NULL,
  cancellation_seq INT UNSIGNED    NOT NULL DEFAULT 0 COMMENT '0: the payment itself',
  due_at           DATETIME(6)     NULL COMMENT 'NULL: REVIEW, waits for a person',
  lease_until      DATETIME(6)     NULL,
  owner            VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  attempts         INT UNSIGNED    NOT NULL DEFAULT 0,
  PRIMARY KEY (payment_id, cancellation_seq),
  KEY due (due_at)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS outbox (
  id              BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  payment_id      BIGINT UNSIGNED NOT NULL,
  trace           VARCHAR(512)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'trace context of the request, as JSON',
  created_at      DATETIME(6)     NOT NULL,
  claimed_until   DATETIME(6)     NULL,
  sent_at         DATETIME(6)     NULL,
  kafka_partition INT             NULL,
  kafka_offset    BIGINT          NULL,
  PRIMARY KEY (id),
  KEY unsent (sent_at, id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS merchant (
  id              INT UNSIGNED    NOT NULL,
  name            VARCHAR(64)     NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS api_key (
  key_hash        BINARY(32)      NOT NULL COMMENT 'SHA-256 of the key; the key itself is kept nowhere',
  merchant_id     INT UNSIGNED    NOT NULL,
  PRIMARY KEY (key_hash)
) ENGINE=InnoDB;

-- One row a process start; its id modulo 1024 is the node part of that process's payment ids.
CREATE TABLE IF NOT EXISTS node (
  id              BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name            VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  started_at      DATETIME(6)     NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB;
