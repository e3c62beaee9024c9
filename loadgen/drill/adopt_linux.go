package drill

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// adopts says that this system can.
const adopts = true

// adopt makes this process the parent of what its children leave behind, instead of init (prctl(2), PR_SET_CHILD_SUBREAPER).
func adopt() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt the stack's processes: %w", err)
	}
	return nil
}
