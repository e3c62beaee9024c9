// payment-api is the merchants' door to the payment system.
//
//	payment-api [serve]          serve payments over HTTP
//	payment-api legacy           serve the same requests as the system before the renewal did, as a baseline (docs/legacy.md)
//	payment-api migrate          bring the schema up to date and make the partitions of the next days
//	payment-api merchants FILE   register merchants with their API keys, webhook secrets and callback URLs
//	payment-api keys VERB …      list, rotate or revoke a merchant's API keys
//	payment-api secrets VERB …   the same for the secrets that its callbacks are signed with
//	payment-api states [--json]  print the tables of transitions as they stand in docs/states.md, or as data
//	payment-api help             every verb, and every setting with its default
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"gazua.example/infra/config"
	"gazua.example/infra/lifecycle"
	"gazua.example/payment-api/legacy"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

func main() {
	verb, args := "serve", os.Args[1:]
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	if err := run(verb, args); err != nil {
		fmt.Fprintln(os.Stderr, "payment-api: "+err.Error())
		os.Exit(1)
	}
}

const summary = `payment-api serves payments over HTTP.

Verbs:
  serve                                    serve (the default)
  legacy                                   serve the same requests as the system before the renewal did, as a baseline
  migrate                                  bring the schema up to date and make the partitions of the next days
  merchants FILE                           register merchants with their API keys, webhook secrets and callback URLs
  keys list MERCHANT                       a merchant's API keys: the first 12 digits of their SHA-256, and until when they are valid
  keys rotate MERCHANT [--overlap 24h]     print a new API key, once; those that there are stay valid for the overlap
  keys revoke MERCHANT PREFIX              end an API key now (PREFIX: of the list; of a key: printf %s KEY | sha256sum | cut -c1-12)
  secrets list|rotate|revoke MERCHANT …    the same for the secrets that its callbacks are signed with
  states [--json]                          the tables of transitions, as in docs/states.md or as data
  help                                     this`

func run(verb string, args []string) error {
	set := config.New("payment-api", summary, os.LookupEnv)
	switch {
	case verb == "serve" && len(args) == 0:
		s := readSettings(set)
		if err := set.Err(); err != nil {
			return err
		}
		return serve(s)
	case verb == "legacy" && len(args) == 0:
		s := legacy.Read(set)
		if err := set.Err(); err != nil {
			return err
		}
		return legacy.Serve(s)
	case verb == "migrate" && len(args) == 0:
		return withDatabase(set, migrate)
	case verb == "merchants" && len(args) == 1:
		return withDatabase(set, func(ctx context.Context, db *sql.DB) error { return registerMerchants(ctx, db, args[0]) })
	case verb == "keys" || verb == "secrets":
		command, err := readCredentialCommand(verb, args)
		if err != nil {
			return err
		}
		return withDatabase(set, command.run)
	case verb == "states" && len(args) == 0:
		fmt.Print(payment.StatesDoc())
		return nil
	case verb == "states" && len(args) == 1 && args[0] == "--json":
		_, err := os.Stdout.Write(payment.StatesJSON())
		return err
	case verb == "help" || verb == "-h" || verb == "--help":
		readSettings(set)
		set.Help(os.Stdout)
		return nil
	}
	return fmt.Errorf("%q with %d arguments is no verb; `payment-api help` lists them", verb, len(args))
}

func migrate(ctx context.Context, db *sql.DB) error {
	applied, err := mysql.Migrate(ctx, db)
	if err != nil {
		return err
	}
	made, err := mysql.MakePartitions(ctx, db, time.Now())
	if err != nil {
		return err
	}
	until, err := mysql.PartitionsUntil(ctx, db)
	if err != nil {
		return err
	}
	fmt.Printf("schema up to date (%d migrations applied), %d partitions made, room until %s\n", len(applied), made, until.Format(time.DateOnly))
	return nil
}

func registerMerchants(ctx context.Context, db *sql.DB, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the merchants: %w", err)
	}
	var merchants []mysql.Merchant
	if err := json.Unmarshal(text, &merchants); err != nil {
		return fmt.Errorf("%s must be a JSON list of {id, name, api_key, webhook_secret, callback_url}: %w", file, err)
	}
	if err := mysql.RegisterMerchants(ctx, db, merchants); err != nil {
		return err
	}
	fmt.Printf("%d merchants registered\n", len(merchants))
	return nil
}

func withDatabase(set *config.Set, do func(context.Context, *sql.DB) error) error {
	dsn := set.Secret("MYSQL_DSN", mysql.AddressHelp)
	if err := set.Err(); err != nil {
		return err
	}
	db, err := mysql.OpenForMaintenance(dsn) // a migration may rebuild a large table
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := lifecycle.Signals()
	defer cancel()
	return do(ctx, db)
}

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }
