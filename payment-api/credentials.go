package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"text/tabwriter"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// credentialCommand is `payment-api keys …` or `payment-api secrets …`. A new key or secret goes to standard output, alone
// and once: into a file, a pipe or before somebody's eyes, and nowhere else.
type credentialCommand struct {
	of       credentialVerbs
	verb     string // list, rotate or revoke
	merchant payment.MerchantID
	overlap  time.Duration // rotate
	prefix   string        // revoke
	to       io.Writer
}

// credentialVerbs is what can be done with one kind of them.
type credentialVerbs struct {
	name   string
	list   func(context.Context, *sql.DB, payment.MerchantID) ([]mysql.Credential, error)
	rotate func(context.Context, *sql.DB, payment.MerchantID, time.Duration) (string, error)
	revoke func(context.Context, *sql.DB, payment.MerchantID, string) (bool, error)
}

var credentials = map[string]credentialVerbs{
	"keys":    {"API key", mysql.ListKeys, mysql.RotateKey, mysql.RevokeKey},
	"secrets": {"webhook secret", mysql.ListSecrets, mysql.RotateSecret, mysql.RevokeSecret},
}

// Bounds of an overlap.
const (
	defaultOverlap = 24 * time.Hour
	maxOverlap     = 90 * 24 * time.Hour
)

var isPrefix = regexp.MustCompile(`^[0-9a-f]{12}$`)

func readCredentialCommand(kind string, args []string) (credentialCommand, error) {
	usage := fmt.Errorf("it is one of: %s list MERCHANT, %s rotate MERCHANT [--overlap 24h], %s revoke MERCHANT PREFIX", kind, kind, kind)
	if len(args) < 2 {
		return credentialCommand{}, usage
	}
	c := credentialCommand{of: credentials[kind], verb: args[0], to: os.Stdout}
	id, err := strconv.ParseUint(args[1], 10, 32)
	if err != nil || id == 0 {
		return credentialCommand{}, fmt.Errorf("the merchant %q must be named by its id, a whole number from 1", args[1])
	}
	c.merchant = payment.MerchantID(id)
	flags := flag.NewFlagSet(kind, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if c.verb == "rotate" {
		flags.DurationVar(&c.overlap, "overlap", defaultOverlap, "")
	}
	if err := flags.Parse(args[2:]); err != nil {
		return credentialCommand{}, fmt.Errorf("%w; %w", err, usage)
	}
	switch rest := flags.Args(); {
	case c.verb == "revoke" && len(rest) == 1:
		if c.prefix = rest[0]; !isPrefix.MatchString(c.prefix) {
			return credentialCommand{}, errors.New("the prefix must be 12 digits of 0-9 and a-f, as the list shows it; never the key itself")
		}
	case (c.verb == "list" || c.verb == "rotate") && len(rest) == 0:
	default:
		return credentialCommand{}, usage
	}
	if c.overlap < 0 || c.overlap > maxOverlap {
		return credentialCommand{}, fmt.Errorf("the overlap %s must be from 0s to %s", c.overlap, maxOverlap)
	}
	return c, nil
}

func (c credentialCommand) run(ctx context.Context, db *sql.DB) error {
	switch c.verb {
	case "rotate":
		fresh, err := c.of.rotate(ctx, db, c.merchant, c.overlap)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(c.to, fresh); err != nil {
			return fmt.Errorf("the new %s could not be printed, rotate again: %w", c.of.name, err)
		}
		return nil
	case "revoke":
		was, err := c.of.revoke(ctx, db, c.merchant, c.prefix)
		if err == nil && !was {
			err = fmt.Errorf("merchant %d has no valid %s with the prefix %s", c.merchant, c.of.name, c.prefix)
		}
		return err
	default:
		return c.show(ctx, db)
	}
}

func (c credentialCommand) show(ctx context.Context, db *sql.DB) error {
	all, err := c.of.list(ctx, db, c.merchant)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(c.to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PREFIX\tCREATED\tVALID")
	for _, one := range all {
		until := "without end"
		switch {
		case !one.Valid:
			until = "ended " + one.Expires.Format(time.RFC3339)
		case !one.Expires.IsZero():
			until = "until " + one.Expires.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", one.Prefix, one.Created.Format(time.RFC3339), until)
	}
	return table.Flush()
}
