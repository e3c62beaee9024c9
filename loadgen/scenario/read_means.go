package scenario

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// longestLate bounds a late charge: the mock holds nothing longer.
const longestLate = 30 * time.Second

func (r *reader) means(at string, n *yaml.Node, all map[Means]Behaviour) {
	known := map[string]func(at string, n *yaml.Node){}
	for _, m := range []Means{PG, Point, Coupon} {
		known[string(m)] = func(at string, n *yaml.Node) { all[m] = r.behaviour(at, n, m, all[m].Delay) }
	}
	r.fields(at, n, known)
}

// behaviour reads one of the means. What the file says about it is all there is to say: a share that it leaves out is 0.
func (r *reader) behaviour(at string, n *yaml.Node, m Means, delay string) Behaviour {
	b := Behaviour{Delay: delay}
	known := shares(r, &b.Faults)
	known["delay"] = func(at string, n *yaml.Node) { b.Delay = r.delay(at, n) }
	known["refund"] = func(at string, n *yaml.Node) { r.operation(at, n, &b.Refund) }
	if m == PG {
		known["late"] = func(at string, n *yaml.Node) {
			r.fields(at, n, map[string]func(at string, n *yaml.Node){
				"share": func(at string, n *yaml.Node) { b.Late.Share = r.share(at, n) },
				"by":    func(at string, n *yaml.Node) { b.Late.By = r.duration(at, n, time.Millisecond, longestLate) },
			})
			r.check(b.Late.Share == 0 || b.Late.By > 0, at+".by", n, "is missing")
		}
	} else {
		known["confirm"] = func(at string, n *yaml.Node) { r.operation(at, n, &b.Confirm) }
	}
	r.fields(at, n, known)
	r.check(b.sum()+b.Late.Share <= 1, at, n, "the shares sum to more than 100%%")
	return b
}

func (r *reader) operation(at string, n *yaml.Node, f *Faults) {
	r.fields(at, n, shares(r, f))
	r.check(f.sum() <= 1, at, n, "the shares sum to more than 100%%")
}

func shares(r *reader, f *Faults) map[string]func(at string, n *yaml.Node) {
	known := map[string]func(at string, n *yaml.Node){}
	for field, share := range map[string]*float64{
		"decline": &f.Decline, "silent_after": &f.SilentAfter, "silent_before": &f.SilentBefore,
		"reset_before": &f.ResetBefore, "reset_after": &f.ResetAfter,
	} {
		known[field] = func(at string, n *yaml.Node) { *share = r.share(at, n) }
	}
	return known
}
