package drill

import (
	"path/filepath"
	"testing"
)

func TestRepeats_CountsMessagesAndCallbacks_NotTheNextEventOfAPayment(t *testing.T) {
	file := journal(t,
		`{"k":"w","n":0,"id":"a","x":"payment.paid","ver":3,"st":200}`,
		`{"k":"w","n":0,"id":"a","x":"payment.paid","ver":3,"st":200}`,
		`{"k":"w","n":0,"id":"b","x":"payment.paid","ver":3,"st":200}`,
		`{"k":"w","n":0,"id":"a","x":"cancellation.succeeded","ver":5,"cs":1,"st":200}`,
		`{"k":"w","n":0,"id":"b","x":"payment.paid","ver":3,"st":503,"err":"refused"}`, // the merchant wanted it again
	)
	write(t, filepath.Dir(file), "verify.json", `{"messages":{"repeated":4}}`)
	found, err := repeats(filepath.Dir(file))
	if err != nil || found != (Repeats{Messages: 4, Callbacks: 1}) {
		t.Errorf("%+v, %v", found, err)
	}
}
