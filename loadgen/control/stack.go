package control

import (
	"context"

	"gazua.example/loadgen/internal/throwaway"
)

// stack is a throw-away stack to which acts are done, removed when its control is done.
type stack struct {
	*throwaway.Stack
}

// start brings a stack up with the programs of bin. The downloaded servers are shared with the folder of servers.
func start(ctx context.Context, folder, bin, servers string, offset int, settings map[string]string) (*stack, error) {
	s, err := throwaway.Start(ctx, folder, bin, servers, offset, settings)
	if err != nil {
		return nil, err
	}
	return &stack{s}, nil
}
