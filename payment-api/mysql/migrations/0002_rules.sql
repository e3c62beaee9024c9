-- All the payment rules: cancellations, the journal, callbacks, keys that expire, and what was archived. Each ALTER is one
-- atomic statement and so done as a whole or not at all; sent again after a crash it is refused as a duplicate column,
-- which `migrate` takes for done. The new child tables start with the empty partition only; MakePartitions, which
-- `payment-api migrate` runs next, gives them the borders of payment.
-- Partitioned tables are altered INPLACE and not INSTANT: an instant column marks the old rows, and then no partition can be
-- exchanged for a table that was made with the column (error 1731), which is how days are archived.

ALTER TABLE payment
  ADD COLUMN canceled_amount BIGINT NOT NULL DEFAULT 0 COMMENT 'what SUCCEEDED cancellations gave back',
  ADD KEY merchant (merchant_id, id), ALGORITHM=INPLACE;

ALTER TABLE payment_event
  ADD COLUMN cancellation_seq INT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0: the payment''s own move; n: the states and legs are those of cancellation n and its refunds', ALGORITHM=INPLACE;

CREATE TABLE IF NOT EXISTS cancellation (
  payment_id      BIGINT UNSIGNED NOT NULL,
  seq             INT UNSIGNED    NOT NULL COMMENT '1, 2, 3 of its payment',
  state           VARCHAR(10)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version         INT UNSIGNED    NOT NULL COMMENT 'one more with every commit; its n-th event is of version n',
  amount          BIGINT          NOT NULL COMMENT 'minor units',
  reason          VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'why FAILED or REVIEW',
  note            VARCHAR(200)    CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '' COMMENT 'why the merchant wants it',
  key_hash        BINARY(32)      NOT NULL COMMENT 'the idempotency key that created it',
  created_at      DATETIME(6)     NOT NULL,
  settled_at      DATETIME(6)     NULL,
  PRIMARY KEY (payment_id, seq)
) ENGINE=InnoDB PARTITION BY RANGE (payment_id) (PARTITION p0 VALUES LESS THAN (1));

CREATE TABLE IF NOT EXISTS refund (
  payment_id       BIGINT UNSIGNED NOT NULL,
  cancellation_seq INT UNSIGNED    NOT NULL,
  leg_seq          TINYINT UNSIGNED NOT NULL,
  means            VARCHAR(6)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'PG, POINT or COUPON',
  amount           BIGINT          NOT NULL,
  state            VARCHAR(8)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'PENDING, REFUNDED, REFUSED, or ABSENT: never called',
  reference        VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT '<payment>.<leg>.<cancellation>, committed before the call',
  transaction_id   VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'the means'' own id',
  code             VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'why REFUSED',
  booked_at        DATETIME(6)     NULL COMMENT 'the means'' booking time',
  PRIMARY KEY (payment_id, cancellation_seq, leg_seq)
) ENGINE=InnoDB PARTITION BY RANGE (payment_id) (PARTITION p0 VALUES LESS THAN (1));

CREATE TABLE IF NOT EXISTS journal_entry (
  payment_id      BIGINT UNSIGNED NOT NULL,
  seq             INT UNSIGNED    NOT NULL COMMENT 'made from posting and leg: the same thing posted twice collides',
  posting         INT UNSIGNED    NOT NULL COMMENT '0: the capture; n: cancellation n; 1000000 + n: its settlement by a person',
  account         VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'docs/ledger.md',
  amount          BIGINT          NOT NULL COMMENT 'minor units: debit +, credit -; a posting sums to zero',
  currency        CHAR(3)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reference       VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'what the means'' statement calls it',
  business_day    DATE            NOT NULL COMMENT 'the day in Seoul of booked_at',
  booked_at       DATETIME(6)     NOT NULL COMMENT 'the means'' booking time',
  posted_at       DATETIME(6)     NOT NULL,
  PRIMARY KEY (payment_id, seq)
) ENGINE=InnoDB PARTITION BY RANGE (payment_id) (PARTITION p0 VALUES LESS THAN (1));

-- Not partitioned from here on.

ALTER TABLE idempotency_key
  ADD COLUMN cancellation_seq INT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0: the key created the payment; n: its cancellation n',
  ADD KEY created (created_at);

ALTER TABLE open_payment
  ADD COLUMN deferred TINYINT NOT NULL DEFAULT 0 COMMENT 'an ACCEPTED payment whose message was read: taken up when due, without another';

ALTER TABLE outbox
  ADD KEY payment (payment_id) COMMENT 'what became of the message of this payment';

CREATE TABLE IF NOT EXISTS callback (
  id               BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  payment_id       BIGINT UNSIGNED NOT NULL,
  cancellation_seq INT UNSIGNED    NOT NULL DEFAULT 0,
  version          INT UNSIGNED    NOT NULL COMMENT 'of the payment; with its id the name of the event outside',
  merchant_id      INT UNSIGNED    NOT NULL,
  type             VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body             VARBINARY(8192) NOT NULL,
  state            VARCHAR(10)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'PENDING, DELIVERED or GAVE_UP',
  attempts         INT UNSIGNED    NOT NULL DEFAULT 0,
  due_at           DATETIME(6)     NULL,
  lease_until      DATETIME(6)     NULL,
  owner            VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  last_status      SMALLINT UNSIGNED NULL,
  last_error       VARCHAR(200)    NOT NULL DEFAULT '',
  created_at       DATETIME(6)     NOT NULL,
  ended_at         DATETIME(6)     NULL,
  PRIMARY KEY (id),
  UNIQUE KEY event (payment_id, version),
  KEY due (state, merchant_id, due_at) COMMENT 'what is due, merchant by merchant: the backlog of one that does not answer is never waded through',
  KEY ended (ended_at)
) ENGINE=InnoDB;

ALTER TABLE merchant
  ADD COLUMN callback_url VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'NULL: wants no callbacks';

ALTER TABLE api_key
  ADD COLUMN created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  ADD COLUMN expires_at DATETIME(6) NULL COMMENT 'not valid from then on; NULL: valid',
  ADD KEY merchant (merchant_id);

CREATE TABLE IF NOT EXISTS webhook_secret (
  merchant_id     INT UNSIGNED    NOT NULL,
  secret          VARCHAR(128)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'whsec_ and base64; it signs, so it must be kept as it is',
  created_at      DATETIME(6)     NOT NULL,
  expires_at      DATETIME(6)     NULL COMMENT 'not valid from then on; NULL: valid',
  PRIMARY KEY (merchant_id, secret)
) ENGINE=InnoDB;

-- What was archived: counts and sums of a day that is not here any more, and the day itself.
CREATE TABLE IF NOT EXISTS archive_total (
  day             DATE            NOT NULL,
  table_name      VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state           VARCHAR(32)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'of the journal its account; empty: the table has none',
  currency        CHAR(3)         CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'empty: the table has none',
  row_count       BIGINT          NOT NULL,
  amount          BIGINT          NOT NULL DEFAULT 0,
  canceled        BIGINT          NOT NULL DEFAULT 0,
  PRIMARY KEY (day, table_name, state, currency)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS archive_day (
  day             DATE            NOT NULL,
  first_id        BIGINT UNSIGNED NOT NULL,
  until_id        BIGINT UNSIGNED NOT NULL COMMENT 'the first one that is not of this day',
  step            VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'how far its archiving has come',
  file            VARCHAR(255)    NOT NULL DEFAULT '',
  sha256          CHAR(64)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  begun_at        DATETIME(6)     NULL,
  archived_at     DATETIME(6)     NULL,
  PRIMARY KEY (day)
) ENGINE=InnoDB;
