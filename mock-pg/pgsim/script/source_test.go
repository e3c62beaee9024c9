package script

import (
	"strings"
	"testing"
)

func TestSource_TheHeadNamesIt(t *testing.T) {
	longest := strings.Repeat("a", 32)
	for token, want := range map[string]string{
		"gz1":                             "",
		"gz1;charge=ok":                   "",
		"gz1.member-7":                    "member-7",
		"gz1.member-7;seed=4;charge=ok":   "member-7",
		"gz1.0;charge=decline":            "0",
		"gz1." + longest + ";charge=ok":   longest,
		"gz1.seed;seed=1;charge=ok;":      "seed",
		"gz10.a;charge=ok":                "",
		"tok.member-7":                    "",
		"gz2.member-7;charge=ok":          "",
		"gz1.a" + longest + ";charge=ok":  "", // too long, and so on: these are refused below
		"gz1.;charge=ok":                  "",
		"gz1.Member;charge=ok":            "",
		"gz1.a.b;charge=ok":               "",
		"gz1.a b;charge=ok":               "",
		"gz1.member_7;inquiry=ok,decline": "",
	} {
		if got := SourceOf(token); got != want {
			t.Errorf("%q: source %q, want %q", token, got, want)
		}
	}
}

func TestSource_AFaultyOneIsAnErrorThatShowsTheHead(t *testing.T) {
	for _, token := range []string{"gz1.;charge=ok", "gz1.", "gz1.Member;charge=ok", "gz1.a.b", "gz1.a_b", "gz1." + strings.Repeat("a", 33)} {
		head, _, _ := strings.Cut(token, ";")
		if _, _, _, err := Parse(token); err == nil || !strings.Contains(err.Error(), head) {
			t.Errorf("%q: %v, want an error that shows %q", token, err, head)
		}
		if _, err := new(Library).Read(token, 1); err == nil {
			t.Errorf("%q: the library takes it", token)
		}
	}
}

func TestSource_ThePlanCarriesIt_AndTokensOfAllSourcesShareAScript(t *testing.T) {
	var l Library
	read := func(token string) Plan {
		p, err := l.Read(token, 7)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second, third, none := read("gz1.a;seed=1;charge=ok"), read("gz1.b;charge=ok"), read("gz1.c;seed=3;charge=ok"), read("gz1;charge=ok")
	if first.Source != "a" || second.Source != "b" || third.Source != "c" || none.Source != "" {
		t.Errorf("sources %q %q %q %q", first.Source, second.Source, third.Source, none.Source)
	}
	if first.Seed != 1 || second.Seed != 7 || third.Seed != 3 {
		t.Errorf("seeds %d %d %d, want 1 7 3", first.Seed, second.Seed, third.Seed)
	}
	if first.Script != second.Script || first.Script != third.Script || first.Script != none.Script {
		t.Error("four tokens with the same wishes, more than one script")
	}
	if other := read("tok"); other.Script != nil || other.Source != "" {
		t.Errorf("a token of somebody else's: %+v", other)
	}
}
