package pgsim

import (
	"context"
	"log/slog"
	"testing"
	"time"
)

// Whoever stops a server may have started it a moment ago, before it accepts: it must not accept for ever after.
func TestDrain_BeforeTheFirstAccept(t *testing.T) {
	s := &Server{options: Options{}.withDefaults(), log: slog.New(slog.DiscardHandler), stats: newStats(), held: newHeldConnections(1)}
	if err := s.listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Drain(ctx); err != nil {
		t.Error(err)
	}
	over := make(chan struct{})
	go func() {
		s.accept()
		close(over)
	}()
	select {
	case <-over:
	case <-ctx.Done():
		t.Error("it accepts, and nobody will ever stop it")
		_ = s.listener.Close()
		<-over
	}
	if err := s.CloseAdmin(context.Background()); err != nil {
		t.Error(err)
	}
}
