package script

import (
	"fmt"
	"strings"
	"time"

	"gazua.example/mock-pg/fault"
)

func parseStep(op Op, text string) (step Step, err error) {
	outcome, delay, delayed := strings.Cut(text, "@")
	if delayed {
		if step.Delay, err = parseDelay(delay); err != nil {
			return Step{}, err
		}
	}
	name, detail, detailed := strings.Cut(outcome, ":")
	lateBy, isLate := strings.CutPrefix(outcome, LateName+"/")
	switch {
	case isLate:
		step.Name = LateName
		step.Late, err = parseLate(op, lateBy)
	case outcome == "ok":
	case name == "decline":
		if op == Inquiry {
			return Step{}, fmt.Errorf("an inquiry cannot be declined")
		}
		step.Decline, err = declineCode(detail, detailed)
	default:
		err = step.strike(op, name, detail, detailed)
	}
	return step, err
}

// strike reads `<fault>[/<parameter>]`, and when it strikes.
func (s *Step) strike(op Op, text, when string, said bool) (err error) {
	name, parameter, given := strings.Cut(text, "/")
	kind, ok := fault.ByName(name)
	switch {
	case !ok:
		return fmt.Errorf("no outcome %q; there are ok, decline, late/<duration>, %s", text, strings.Join(fault.Names(), ", "))
	case given && parameter == "":
		return fmt.Errorf("%q: nothing stands behind the slash", text)
	case said && when != "before" && when != "after":
		return fmt.Errorf("%q: a fault strikes before or after the booking", text+":"+when)
	case kind.BeforeOnly && when == "after":
		return fmt.Errorf("%q: %s says that nothing was done, so it strikes before the booking only", text+":"+when, name)
	case kind.OfMoney && !tellsMoney(op):
		return fmt.Errorf("%q: the answer to a %s carries no money that could be wrong", text, op)
	}
	s.Name, s.After = name, when == "after"
	if s.Fault, err = kind.New(parameter); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// tellsMoney tells the operations whose answers carry an amount and a currency.
func tellsMoney(op Op) bool { return op != Release && op != Void && op != NetCancel }

func declineCode(code string, given bool) (string, error) {
	if !given {
		return "declined", nil
	}
	if code == "" || len(code) > maxCodeLen || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return "", fmt.Errorf("the code of a decline is 1 to %d of a-z, 0-9 and _", maxCodeLen)
	}
	return code, nil
}

func parseLate(op Op, text string) (time.Duration, error) {
	if op != Charge {
		return 0, fmt.Errorf("only a charge can be late, not a %s", op)
	}
	by, err := parseDuration(text)
	if err == nil && by == 0 {
		err = fmt.Errorf("late/%s is not late; write late/4s", text)
	}
	return by, err
}
