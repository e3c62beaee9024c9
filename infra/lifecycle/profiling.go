package lifecycle

import (
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// longestProfiling is how long the profiles of waiting may be on: they cost a little at every contended lock.
const longestProfiling = time.Minute

// profiling switches the mutex and block profiles on for a while; otherwise they are off, and empty.
//
//	POST /debug/profiling?mutex=10&block=100000&for=5s
//
// mutex is runtime.SetMutexProfileFraction's, block is runtime.SetBlockProfileRate's; 409 while they are on already.
type profiling struct {
	mu  sync.Mutex
	off *time.Timer // of who has them on; nil: off
}

func (p *profiling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mutex, err1 := strconv.Atoi(r.FormValue("mutex"))
	block, err2 := strconv.Atoi(r.FormValue("block"))
	lasting, err3 := time.ParseDuration(r.FormValue("for"))
	if err1 != nil || err2 != nil || err3 != nil || mutex < 0 || block < 0 || lasting <= 0 || lasting > longestProfiling {
		http.Error(w, fmt.Sprintf("mutex and block must be numbers from 0, and for a duration up to %s", longestProfiling), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.off != nil {
		http.Error(w, "the profiles are on already, and go off by themselves", http.StatusConflict)
		return
	}
	runtime.SetMutexProfileFraction(mutex)
	runtime.SetBlockProfileRate(block)
	p.off = time.AfterFunc(lasting, p.end)
	fmt.Fprintf(w, "on for %s\n", lasting)
}

func (p *profiling) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	runtime.SetMutexProfileFraction(0)
	runtime.SetBlockProfileRate(0)
	p.off = nil
}
