package drill

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Every instance of the mock is told: the later of two faults goes first, all of them before the tokens' own scripts.
func TestFaults_AreToldToEveryInstance_AndTakenBack(t *testing.T) {
	var said []string
	mock := func() string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			said = append(said, r.Method+" "+r.URL.Path+" "+string(body))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	s := &site{variables: map[string]string{"PG_ADMIN": mock() + "," + mock()}}
	if err := s.Faults(pg("charge=5xx", 0), pg("charge=silent:after", 0.5))(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.NoFaults()(t.Context()); err != nil {
		t.Fatal(err)
	}
	put := `PUT /faults {"entries":[{"after":"0s","for":"1h0m0s","override":true,"means":"PG","script":"gz1;charge=5xx"},` +
		`{"after":"0s","for":"1h0m0s","override":true,"means":"PG","script":"gz1;charge=silent:after","share":0.5}]}`
	if want := strings.Join([]string{put, put, "DELETE /faults ", "DELETE /faults "}, "\n"); strings.Join(said, "\n") != want {
		t.Errorf("%s\nwant\n%s", strings.Join(said, "\n"), want)
	}
}

func TestFaults_ThatTheMockDoesNotTake_AreAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	t.Cleanup(server.Close)
	s := &site{variables: map[string]string{"PG_ADMIN": server.URL}}
	if err := s.Faults(pg("nonsense", 0))(t.Context()); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Error(err)
	}
}
