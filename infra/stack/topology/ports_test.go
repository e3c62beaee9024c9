package topology

import (
	"encoding/json"
	"testing"
)

// FuzzDecodePorts: what is taken for saved ports has a port for every process.
func FuzzDecodePorts(f *testing.F) {
	f.Add([]byte(`{"PORT_MYSQL": 13307, "PORT_BROKER": 19092}`))
	f.Add([]byte(`{"PORT_MYSQL": -1}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := decodePorts(text)
		if err != nil {
			return
		}
		for _, k := range portKnobs {
			if p[k.env] < 1 || p[k.env] > 65535 {
				t.Errorf("%s is %d", k.env, p[k.env])
			}
		}
		saved, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := decodePorts(saved); err != nil || !again.Equal(p) {
			t.Errorf("%v became %v, %v", p, again, err)
		}
	})
}
