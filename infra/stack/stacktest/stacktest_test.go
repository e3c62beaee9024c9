package stacktest_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"gazua.example/infra/stack/ready"
	"gazua.example/infra/stack/stacktest"
)

func TestStartMySQL_EachUserHasItsRights(t *testing.T) {
	server, stop, err := stacktest.StartMySQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	execute(t, server.AdminDSN, "CREATE TABLE t (id INT PRIMARY KEY)")
	execute(t, server.AppDSN, "INSERT INTO t VALUES (1)")
	execute(t, server.VerifierDSN, "SELECT * FROM t")
	for _, statement := range []string{"DELETE FROM t", "INSERT INTO t VALUES (2)", "UPDATE t SET id = 2", "DROP TABLE t", "CREATE TABLE u (id INT)"} {
		if err := try(server.VerifierDSN, statement); err == nil || !strings.Contains(err.Error(), "1142") {
			t.Errorf("the verifier was let do %s: %v", statement, err)
		}
	}
	if err := try(server.AppDSN, "CREATE TABLE mysql.t (id INT)"); err == nil {
		t.Error("the application could write outside its database")
	}
}

// What archiving a day needs: partitions are taken out of both tables, looked at, given back or dropped, by the application's
// own user; and the verifier sees all of it.
func TestStartMySQL_TheApplicationMayArchiveAPartition(t *testing.T) {
	server, stop, err := stacktest.StartMySQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	execute(t, server.AdminDSN, "CREATE TABLE paid (id BIGINT UNSIGNED PRIMARY KEY, amount BIGINT NOT NULL, KEY amount (amount)) "+
		"PARTITION BY RANGE (id) (PARTITION p1 VALUES LESS THAN (10), PARTITION p2 VALUES LESS THAN (20))")
	for _, statement := range []string{
		"INSERT INTO paid VALUES (1, 100), (11, 200)",
		"ALTER TABLE paid ADD PARTITION (PARTITION p3 VALUES LESS THAN (30))",
		"CREATE TABLE archive_paid LIKE paid",
		"ALTER TABLE archive_paid REMOVE PARTITIONING",
		"ALTER TABLE paid EXCHANGE PARTITION p1 WITH TABLE archive_paid",                    // out
		"ALTER TABLE paid EXCHANGE PARTITION p1 WITH TABLE archive_paid WITHOUT VALIDATION", // back: something was open
		"ALTER TABLE paid EXCHANGE PARTITION p1 WITH TABLE archive_paid",
		"CREATE TABLE archive_total (day DATE PRIMARY KEY, amount BIGINT NOT NULL)",
		"INSERT INTO archive_total SELECT '2026-11-23', SUM(amount) FROM archive_paid",
		"RENAME TABLE archive_paid TO archive_paid_20261123",
	} {
		execute(t, server.AppDSN, statement)
	}
	for _, statement := range []string{"SELECT * FROM paid", "SELECT * FROM archive_paid_20261123", "SELECT * FROM archive_total"} {
		execute(t, server.VerifierDSN, statement)
	}
	for _, statement := range []string{
		"ALTER TABLE archive_paid_20261123 DROP KEY amount, ADD COLUMN note VARCHAR(8) NULL",
		"TRUNCATE TABLE archive_paid_20261123", "DROP TABLE archive_paid_20261123", "ALTER TABLE paid DROP PARTITION p1",
	} {
		execute(t, server.AppDSN, statement)
	}
}

func execute(t *testing.T, dsn, statement string) {
	t.Helper()
	if err := try(dsn, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func try(dsn, statement string) error {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

// A test that is killed takes its MySQL along: this test binary starts itself as such a test.
func TestStartMySQL_DiesWithTheTest(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), "STACKTEST_KILLED=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dsn string
	if _, err := fmt.Fscanln(out, &dsn); err != nil {
		t.Fatal(err)
	}
	if err := ready.Ask(t.Context(), ready.MySQL(dsn)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for deadline := time.Now().Add(10 * time.Second); ready.Ask(t.Context(), ready.MySQL(dsn)) == nil; {
		if time.Now().After(deadline) {
			t.Fatal("MySQL outlived the test that had started it")
		}
	}
}

func TestKilled(t *testing.T) {
	if os.Getenv("STACKTEST_KILLED") == "" {
		t.Skip("started by TestStartMySQL_DiesWithTheTest")
	}
	server, _, err := stacktest.StartMySQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(server.AppDSN)
	<-t.Context().Done() // until it is killed
	time.Sleep(time.Minute)
}

func TestStartBroker_KeepsItsRecordsInDir(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	dir := t.TempDir()
	addr, stop, err := stacktest.StartBroker(dir)
	if err != nil {
		t.Fatal(err)
	}
	createTopic(ctx, t, addr, "kept")
	producer := client(t, addr, kgo.DefaultProduceTopic("kept"))
	if err := producer.ProduceSync(ctx, kgo.StringRecord("one")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := producer.ProduceSync(ctx, &kgo.Record{Topic: "absent"}).FirstErr(); err == nil {
		t.Error("a topic was made that nobody asked for")
	}
	stop()
	addr, stop, err = stacktest.StartBroker(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	fetches := client(t, addr, kgo.ConsumeTopics("kept")).PollRecords(ctx, 1)
	if got := fetches.Records(); len(got) != 1 || string(got[0].Value) != "one" {
		t.Errorf("after the restart: %v %v", got, fetches.Errors())
	}
}

func client(t *testing.T, addr string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(addr), kgo.UnknownTopicRetries(0))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func createTopic(ctx context.Context, t *testing.T, addr, topic string) {
	t.Helper()
	request := kmsg.NewPtrCreateTopicsRequest()
	wanted := kmsg.NewCreateTopicsRequestTopic()
	wanted.Topic, wanted.NumPartitions, wanted.ReplicationFactor = topic, 12, 1
	request.Topics = append(request.Topics, wanted)
	if _, err := request.RequestWith(ctx, client(t, addr)); err != nil {
		t.Fatal(err)
	}
}
