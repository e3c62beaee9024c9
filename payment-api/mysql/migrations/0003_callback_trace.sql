-- A callback goes on with the trace of the request that it ends. The table is not partitioned, so the column is added at once
-- (INSTANT) and no row is touched.

ALTER TABLE callback
  ADD COLUMN trace VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'trace context of who settled it, as JSON';
