package callback

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/payment-api/payment"
)

// Whatever waits, ends and fails, there is never more under way than the bounds say, and nobody who waits and has a place
// is passed over while another gets a second one.
func TestPlaces_Bounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total, each := rapid.IntRange(1, 20).Draw(t, "total"), rapid.IntRange(1, 8).Draw(t, "each")
		p := newPlaces(total, each)
		taken, sum := map[payment.MerchantID]int{}, 0
		t.Repeat(map[string]func(*rapid.T){
			"claim": func(t *rapid.T) {
				waiting := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) payment.MerchantID {
					return payment.MerchantID(rapid.IntRange(1, 6).Draw(t, "merchant"))
				}), 0, 6, rapid.ID).Draw(t, "waiting")
				before := map[payment.MerchantID]int{}
				for _, m := range waiting {
					before[m] = p.bound(m)
				}
				shares, all := p.shares(waiting)
				granted := map[payment.MerchantID]int{}
				for _, share := range shares {
					granted[share.Merchant] = share.Limit
					all -= share.Limit
					if share.Limit < 1 || share.Limit > before[share.Merchant] {
						t.Fatalf("merchant %d gets %d of %d", share.Merchant, share.Limit, before[share.Merchant])
					}
				}
				if all != 0 {
					t.Fatalf("the sum of %v is said to be %d off", shares, all)
				}
				for _, a := range waiting {
					for _, b := range waiting {
						if granted[a] > granted[b]+1 && granted[b] < before[b] {
							t.Fatalf("merchant %d gets %d, and %d only %d of the %d it has room for", a, granted[a], b, granted[b], before[b])
						}
					}
				}
				for _, share := range shares {
					for range rapid.IntRange(0, share.Limit).Draw(t, "found due") {
						p.take(share.Merchant)
						taken[share.Merchant]++
						sum++
					}
				}
			},
			"end": func(t *rapid.T) {
				for m, n := range taken {
					if n > 0 {
						p.leave(m, rapid.Bool().Draw(t, "delivered"))
						taken[m]--
						sum--
						return
					}
				}
				t.Skip("nothing is under way")
			},
			"": func(t *rapid.T) {
				if sum > total || p.taken != sum {
					t.Fatalf("%d are under way (it says %d) in %d places", sum, p.taken, total)
				}
				for m, n := range taken {
					if n > each {
						t.Fatalf("%d are under way of merchant %d, at most %d may be", n, m, each)
					}
				}
			},
		})
	})
}

func TestPlaces_AMerchantThatFails_KeepsOne_AndGetsAllBackWithASuccess(t *testing.T) {
	p := newPlaces(100, 16)
	share := func() int {
		shares, _ := p.shares([]payment.MerchantID{7})
		if len(shares) == 0 {
			return 0
		}
		return shares[0].Limit
	}
	for i, want := range []int{16, 8, 4, 2, 1, 1, 1} {
		if got := share(); got != want {
			t.Errorf("after %d failures it gets %d, want %d", i, got, want)
		}
		p.take(7)
		p.leave(7, false)
	}
	p.take(7)
	if share() != 0 {
		t.Error("a second one, while the only place is taken")
	}
	p.leave(7, true)
	if got := share(); got != 16 || len(p.merchants) != 0 {
		t.Errorf("after a success it gets %d, and %d merchants are remembered", got, len(p.merchants))
	}
}

func TestPlaces_MoreMerchantsThanPlaces_TakeTurns(t *testing.T) {
	p := newPlaces(2, 8)
	waiting, served := []payment.MerchantID{1, 2, 3, 4, 5}, map[payment.MerchantID]bool{}
	for range 5 {
		shares, _ := p.shares(waiting)
		for _, share := range shares {
			served[share.Merchant] = true
		}
	}
	if len(served) != 5 {
		t.Errorf("only %v got a share", served)
	}
}

func TestBackoff_DoublesUpToAQuarterOfAnHour_AndEndsAfterADay(t *testing.T) {
	for attempts, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 10: 512 * time.Second, 11: 15 * time.Minute, 1000: 15 * time.Minute} {
		different := map[time.Duration]bool{}
		for range 50 {
			wait, over := backoff(attempts, time.Hour)
			if over || wait < want*8/10 || wait > want*12/10 {
				t.Fatalf("attempt %d: %s, over %t, want about %s", attempts, wait, over, want)
			}
			different[wait] = true
		}
		if len(different) < 10 {
			t.Errorf("attempt %d: what fails together comes back together", attempts)
		}
	}
	if wait, over := backoff(100, 24*time.Hour-time.Second); over || wait > time.Second {
		t.Errorf("a second before the end: %s, %t", wait, over)
	}
	if _, over := backoff(3, 24*time.Hour); !over {
		t.Error("after a day it goes on")
	}
	// All attempts of a day, one after the other: a bounded number.
	age, attempts := time.Duration(0), 0
	for {
		attempts++
		wait, over := backoff(attempts, age)
		if over {
			break
		}
		age += wait
	}
	if attempts < 80 || attempts > 150 {
		t.Errorf("%d attempts in a day", attempts)
	}
}
