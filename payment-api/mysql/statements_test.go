package mysql_test

import (
	"database/sql"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gazua.example/payment-api/payment"
)

// notSent are files whose statements are no part of serving payments.
var notSent = map[string]string{
	"migrate.go": "runs alone, before anything is served",
	"server.go":  "asks which server takes writes, in no table of ours",
	"archive.go": "looks through whole days, in tables of its own", "exchange.go": "the same",
}

// grows are the tables that may never be looked through.
var grows = []string{
	"payment", "payment_leg", "payment_event", "cancellation", "refund", "journal_entry", "idempotency_key", "order_guard", "open_payment", "outbox", "callback",
}

// partitionedTables are those of them that are cut by payment id.
var partitionedTables = grows[:6]

// Every statement touches only the partition of its payments, and finds its rows by an index.
func TestStore_EveryStatement_TouchesOnePartition_AndNoTableAsAWhole(t *testing.T) {
	fill(t)
	pool, sent := record(db)
	defer pool.Close()
	for _, send := range everyVerb {
		send(t, pool, sent)
	}
	statements := sent.drain()
	checked := map[string]bool{}
	for _, s := range statements {
		if head.MatchString(s.query) && !checked[s.query] {
			checked[s.query] = true
			checkPlan(t, s)
		}
	}
	if len(checked) < 50 {
		t.Fatalf("only %d statements were looked at", len(checked))
	}
	for _, text := range sourceStatements(t) {
		if !slices.ContainsFunc(statements, func(s statement) bool { return text.pattern.MatchString(s.query) }) {
			t.Errorf("%s: no verb of everyVerb sends this statement: %s", text.where, text.head)
		}
	}
}

// fill makes the tables what they are in use: mostly of what is over. Where everything is wanted, looking through it all is
// right, and of a handful of rows it is cheap.
func fill(t *testing.T) {
	t.Helper()
	// What other tests have left is over, too: of callbacks that are mostly wanted the server rightly reads the whole index.
	if _, err := db.ExecContext(t.Context(), "UPDATE callback SET state = 'DELIVERED', ended_at = UTC_TIMESTAMP(6) WHERE state <> 'DELIVERED'"); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		p := claimed(t, payment.Async)
		for _, statement := range []string{
			"UPDATE outbox SET sent_at = UTC_TIMESTAMP(6) WHERE payment_id = ?",
			"UPDATE open_payment SET due_at = UTC_TIMESTAMP(6) + INTERVAL 1 DAY WHERE payment_id = ?",
			`INSERT INTO callback (payment_id, version, merchant_id, type, body, state, created_at, ended_at)
				SELECT id, 2, merchant_id, 'payment.paid', '{}', 'DELIVERED', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM payment WHERE id = ?`,
		} {
			if _, err := db.ExecContext(t.Context(), statement, p.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := db.ExecContext(t.Context(), "ANALYZE TABLE outbox, open_payment, callback"); err != nil {
		t.Fatal(err)
	}
}

func checkPlan(t *testing.T, s statement) {
	t.Helper()
	steps := explain(t, s)
	var touched []string
	for _, step := range steps {
		if step.partitions != "" {
			touched = append(touched, step.partitions)
			if strings.Contains(step.partitions, ",") {
				t.Errorf("%s\ntouches %s", s.query, step.partitions)
			}
		}
		if step.kind != "INSERT" && (step.access == "ALL" || step.access == "index") {
			for _, table := range tablesOf(s.query, grows) {
				if step.table == table.name || step.table == table.alias {
					t.Errorf("%s\nlooks through all of %s", s.query, table.name)
				}
			}
		}
	}
	if want := len(tablesOf(s.query, partitionedTables)); len(touched) != want {
		t.Errorf("%s\nnames %d partitioned tables, and EXPLAIN only %v", s.query, want, touched)
	}
}

// head is how a statement begins that EXPLAIN can explain, and named is where it names a table.
var (
	head  = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|TABLE|VALUES)\s`)
	named = regexp.MustCompile(`(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)(?:\s+(?:AS\s+)?([a-z])\b)?`)
)

type tableName struct{ name, alias string }

func tablesOf(query string, among []string) (tables []tableName) {
	for _, m := range named.FindAllStringSubmatch(query, -1) {
		if slices.Contains(among, m[1]) && !strings.Contains(query, "DUPLICATE KEY UPDATE "+m[1]) {
			tables = append(tables, tableName{m[1], m[2]})
		}
	}
	return tables
}

// planStep is one line of EXPLAIN.
type planStep struct{ kind, table, partitions, access, key string }

func explain(t *testing.T, s statement) (steps []planStep) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN FORMAT=TRADITIONAL "+s.query, s.args...)
	if err != nil {
		t.Fatalf("%s: %v", s.query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		value := func(column string) string { return values[slices.Index(columns, column)].String }
		steps = append(steps, planStep{value("select_type"), value("table"), value("partitions"), value("type"), value("key")})
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// sourceStatement is the text of a statement as the package's source has it: what is put together at run time may be
// anything.
type sourceStatement struct {
	where, head string
	pattern     *regexp.Regexp
}

// sourceStatements finds every text of the package's source that begins as a statement does.
func sourceStatements(t *testing.T) (all []sourceStatement) {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	set, trees := token.NewFileSet(), []*ast.File(nil)
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || notSent[name] != "" {
			continue
		}
		tree, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
	}
	constants := map[string]ast.Expr{} // by name
	for _, tree := range trees {
		for _, d := range tree.Decls {
			addConstants(constants, d)
		}
	}
	for _, tree := range trees {
		ast.Inspect(tree, func(n ast.Node) bool {
			if d, is := n.(*ast.GenDecl); is && d.Tok == token.CONST {
				return false // looked at where it is used
			}
			expression, is := n.(ast.Expr)
			if !is {
				return true
			}
			pattern, first := textOf(expression, constants)
			if first != "" {
				all = append(all, sourceStatement{set.Position(n.Pos()).String(), first, regexp.MustCompile(pattern)})
			}
			return first == ""
		})
	}
	if len(all) < 50 {
		t.Fatalf("only %d statements were found in the source", len(all))
	}
	return all
}

func addConstants(constants map[string]ast.Expr, d ast.Decl) {
	g, is := d.(*ast.GenDecl)
	if !is || g.Tok != token.CONST {
		return
	}
	for _, spec := range g.Specs {
		v := spec.(*ast.ValueSpec)
		for i, value := range v.Values {
			constants[v.Names[i].Name] = value
		}
	}
}

// textOf is an expression as a pattern of the statement that it makes, and its first words; none when it makes no statement.
func textOf(e ast.Expr, constants map[string]ast.Expr) (pattern, first string) {
	var parts strings.Builder
	var add func(ast.Expr)
	add = func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.BinaryExpr:
			add(e.X)
			add(e.Y)
			return
		case *ast.Ident:
			if value := constants[e.Name]; value != nil {
				add(value)
				return
			}
		case *ast.BasicLit:
			text, err := strconv.Unquote(e.Value)
			if err != nil {
				text = e.Value // a number
			}
			if parts.Len() == 0 && head.MatchString(text) {
				first = text
			}
			parts.WriteString(regexp.QuoteMeta(text))
			return
		}
		parts.WriteString(`[\s\S]*`)
	}
	add(e)
	return "^" + parts.String() + "$", first
}
