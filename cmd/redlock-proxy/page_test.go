package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

var updateScreenshot = flag.Bool("update-screenshot", false, "make docs/page.png anew")

// hostile is a resource that would run as a script where it is not escaped.
const hostile = `<img/src=x/onerror=document.title='pwned'>`

// live is how soon the page must show what has happened.
const live = 2 * time.Second

// TestPageInABrowser: what operators see of a proxy and five nodes, one of which
// dies, without loading the page again.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	more := redistest.Start(t, 2)
	ahead := more[0].Addr()
	if !*updateScreenshot {
		ahead = setClock(t, ahead, 7)
	}
	p := startProcess(t, "--admin=127.0.0.1:0", "--max-holds=20000", "--max-block=5m", "--node-timeout=10s", "--node=redis://"+ahead, "--node=redis://"+more[1].Addr())
	a := adminAddress{url: "http://" + p.stderr.await(t, `msg="serving metrics and health" address=(127\.0\.0\.1:\d+)`)}
	talk := p.talk(t)
	resource := hostile
	if *updateScreenshot {
		resource = "invoices:2026-11"
	}
	for _, r := range []string{resource, "orders:17", "report:daily"} {
		talk.do(t, "tok-secret", "LOCK", r, "300000", "TOKEN", "tok-secret", "AUTOEXTEND")
	}
	for i := range 5 {
		p.talk(t).send(t, "LOCK", []string{resource, "orders:17"}[min(i, 1)], "60000", "TOKEN", fmt.Sprint("tok-secret-", i), "BLOCK", "0")
	}
	refused(t, p, "report:daily", 3)
	b := startBrowser(t)
	b.call("Network.enable", map[string]any{}, nil)
	b.screen(900, 1200, "light")
	b.open(a.url + "/")
	b.shows("it is live", `#link`, "Live")
	b.shows("all nodes", `#state`, "Locks can be taken: 5 of 5 nodes vote, 3 are needed")
	b.shows("who waits", `#view`, "orders:17\t4\n"+resource+"\t1")
	b.shows("what is refused", `#view`, "report:daily\t3\n")

	inUse(t, p)
	b.shows("locks are granted", `dl`, "p99\n", "ms")
	points := 3
	if *updateScreenshot {
		points = 25
	}
	eventually(t, "round trips are drawn for every node", func() bool {
		return b.text("[...document.querySelectorAll('polyline')].filter((l) => l.points.length >= "+strconv.Itoa(points)+").length + ''") == "5"
	})
	began := time.Now()
	more[1].Kill()
	b.shows("the node is down", `#state`, "Locks can be taken: 4 of 5 nodes vote, 3 are needed")
	b.shows("why the node is down", `.nodes`, more[1].Addr()+"\tdown", "connection refused")
	if took := time.Since(began); took > live {
		t.Errorf("a node's death was on the page after %v, want it within %v", took, live)
	}
	if *updateScreenshot {
		if err := os.WriteFile("../../docs/page.png", b.picture(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	skewed := regexp.MustCompile(regexp.QuoteMeta(ahead) + `\tadmitted\t[^\n]*\n?\t\+(6\d{3}|7\d{3})\.\d ms`)
	if nodes := b.text("document.querySelector('.nodes').innerText"); !skewed.MatchString(nodes) {
		t.Errorf("a clock that is seven seconds ahead is not in:\n%q", nodes)
	}
	if err := more[1].RestartEmpty(); err != nil {
		t.Fatal(err)
	}
	b.shows("the node is quarantined", `.nodes`, more[1].Addr()+"\tquarantined, 5m", " left\t", "as it may have forgotten locks")
	eventually(t, "locks per second are counted", func() bool {
		return regexp.MustCompile(`Locks per second\n[1-9]`).MatchString(b.text("document.querySelector('dl').innerText"))
	})
	b.wantLegible()
	b.wantOnItsLine()
	b.wantNarrow()
	tenThousand(t, p, b)
	b.wantNoSecret(a)
	_ = syscall.Kill(p.pid, syscall.SIGKILL)
	b.shows("it is live no more", `#link`, "Not live: the proxy does not answer")
	b.wantAskedOnly(a.url + "/")
}

// refused sends so many LOCKs that find their resource held.
func refused(t *testing.T, p *process, resource string, times int) {
	t.Helper()
	c := p.dial(t)
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, strings.Repeat("TRYLOCK "+resource+" 1000\r\n", times)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, times*len("*-1\r\n"))); err != nil {
		t.Fatal(err)
	}
}

// wantAskedOnly looks at what the browser has asked for since Network was enabled.
func (b *browser) wantAskedOnly(origin string) {
	b.t.Helper()
	for _, path := range []string{"", "page.css", "page.js", "events"} {
		if !slices.Contains(b.asked, origin+path) {
			b.t.Errorf("the browser did not ask for /%s, but for %q", path, b.asked)
		}
	}
	for _, url := range b.asked {
		if !strings.HasPrefix(url, origin) && !strings.HasPrefix(url, "data:") {
			b.t.Errorf("the page asks for %s", url)
		}
	}
}

// inUse takes and releases a lock some hundred times a second, until the test
// ends.
func inUse(t *testing.T, p *process) {
	t.Helper()
	c := p.dial(t)
	var work sync.WaitGroup
	work.Go(func() { _, _ = io.Copy(io.Discard, c) })
	work.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for err := error(nil); err == nil; <-tick.C {
			_, err = io.WriteString(c, "LOCK used 10000 TOKEN tok-secret\r\nUNLOCK used tok-secret\r\n")
		}
	})
	t.Cleanup(func() {
		_ = c.Close()
		work.Wait()
	})
}

// tenThousand locks that are kept: the page goes on.
func tenThousand(t *testing.T, p *process, b *browser) {
	t.Helper()
	const many, atOnce = 10_000, 25 // which a busy machine takes, too
	talk, replies := p.talk(t), 0
	for i := range many {
		talk.send(t, "LOCK", fmt.Sprint("many:", i), "300000", "TOKEN", "tok-secret", "AUTOEXTEND")
		for i%atOnce == atOnce-1 && replies <= i {
			talk.want(t, "tok-secret")
			replies++
		}
	}
	began := time.Now()
	b.shows("all of them", `dl`, "AUTOEXTEND\n"+strconv.Itoa(many+3))
	talk.do(t, "1", "UNLOCK", "many:0", "tok-secret")
	b.shows("one less", `dl`, "AUTOEXTEND\n"+strconv.Itoa(many+2))
	if took := time.Since(began); took > 2*live {
		t.Errorf("with %d locks two changes took %v to be on the page", many, took)
	}
}

// shows waits until the text of an element has all these.
func (b *browser) shows(what, selector string, all ...string) {
	b.t.Helper()
	var text string
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		text = b.text(fmt.Sprintf("document.querySelector(%q).innerText", selector))
		missing := false
		for _, s := range all {
			missing = missing || !strings.Contains(text, s)
		}
		if !missing {
			return
		}
		if time.Now().After(limit) {
			b.t.Fatalf("the page does not show that %s: %q in:\n%s", what, all, text)
		}
	}
}

// leastContrast finds the text that is hardest to read, as "ratio text".
const leastContrast = `(() => {
	const rgb = (c) => c.match(/[\d.]+/g).map(Number);
	const light = (c) => rgb(c).slice(0, 3).map((v) => v / 255)
		.map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const c = getComputedStyle(e).backgroundColor;
			if (rgb(c)[3] !== 0) return c;
		}
		return 'rgb(255, 255, 255)';
	};
	const all = [];
	for (const e of document.body.querySelectorAll('*')) {
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
		const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
		all.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.textContent]);
	}
	all.sort((x, y) => x[0] - y[0]);
	return all[0][0] + ' ' + all.length + ' ' + getComputedStyle(document.body).backgroundColor + ' ' + all[0][1];
})()`

// wantLegible measures contrasts in both schemes.
func (b *browser) wantLegible() {
	b.t.Helper()
	grounds := map[string]bool{}
	for _, scheme := range []string{"light", "dark"} {
		b.screen(900, 1080, scheme)
		said := b.text(leastContrast)
		var ratio float64
		var texts int
		if _, err := fmt.Sscan(said, &ratio, &texts); err != nil || ratio < 4.5 || texts < 20 {
			b.t.Errorf("%s: the least contrast, of how many texts, is %s, want 4.5 of more than 20: %v", scheme, said, err)
		}
		grounds[b.text("getComputedStyle(document.body).backgroundColor")] = true
	}
	if len(grounds) != 2 {
		b.t.Errorf("light and dark have the same ground: %v", grounds)
	}
}

// wantOnItsLine: what is drawn of a node stands beside its number.
func (b *browser) wantOnItsLine() {
	b.t.Helper()
	b.screen(900, 1080, "light")
	const apart = `(() => {
		const all = [...document.querySelectorAll('.trip')].filter((e) => e.querySelector('svg')).map((e) => {
			const number = document.createRange(), drawn = e.querySelector('svg').getBoundingClientRect();
			number.selectNodeContents(e.firstChild);
			const n = number.getBoundingClientRect();
			return drawn.left >= n.right && drawn.top < n.bottom && drawn.bottom > n.top && drawn.width > 50;
		});
		return all.length + ' ' + all.every((beside) => beside);
	})()`
	if said := b.text(apart); said == "0 true" || !strings.HasSuffix(said, " true") {
		b.t.Errorf("of how many nodes is the drawing beside the number: %s", said)
	}
}

// wantNarrow looks at the page as a phone does.
func (b *browser) wantNarrow() {
	b.t.Helper()
	b.screen(360, 740, "dark")
	if said := b.text("document.documentElement.scrollWidth + ' of ' + innerWidth"); said != "360 of 360" {
		b.t.Errorf("on a phone the page is %s pixels wide", said)
	}
}

// wantNoSecret looks through the page and a stream of its own.
func (b *browser) wantNoSecret(a adminAddress) {
	b.t.Helper()
	page := b.text("document.documentElement.outerHTML")
	_, snapshot := a.get(b.t, "/")
	stream, end := a.stream(b.t)
	defer end()
	event := readEvent(b.t, stream)
	for name, text := range map[string]string{"the page": page, "the snapshot": snapshot, "the stream": event} {
		if strings.Contains(text, "tok-secret") {
			b.t.Errorf("a token is in %s:\n%s", name, text)
		}
		if strings.Contains(text, "<img") || !strings.Contains(text, "&lt;img/src=x/onerror") {
			b.t.Errorf("the resource is not escaped in %s:\n%s", name, text)
		}
		if len(text) > 64<<10 {
			b.t.Errorf("%s has %d bytes, want at most 64 KB", name, len(text))
		}
	}
	if title := b.text("document.title + document.images.length"); title != "redlock-proxy0" {
		b.t.Errorf("the title and the images of the page: %s", title)
	}
}

// stream opens /events; end closes it.
func (a adminAddress) stream(t *testing.T) (events *bufio.Reader, end func()) {
	t.Helper()
	answer := a.ask(t, "/events")
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatalf("/events: %s, %s", answer.Status, kind)
	}
	return bufio.NewReader(answer.Body), func() { _ = answer.Body.Close() }
}

// ask gives an answer that is to be closed.
func (a adminAddress) ask(t *testing.T, path string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func readEvent(t *testing.T, events *bufio.Reader) string {
	t.Helper()
	var all strings.Builder
	for {
		line, err := events.ReadString('\n')
		if err != nil {
			t.Fatalf("a stream ended: %v", err)
		}
		all.WriteString(line)
		if line == "\n" {
			return all.String()
		}
	}
}

// TestViewersAreLimited and leave when the proxy does. A stream outlives the
// time that other answers may take, which is 10 s.
func TestViewersAreLimited(t *testing.T) {
	t.Parallel()
	r, a := startAdmin(t)
	const most = 16
	var streams []*bufio.Reader
	var ends []func()
	for range most {
		events, end := a.stream(t)
		readEvent(t, events)
		streams, ends = append(streams, events), append(ends, end)
	}
	if status, body := a.get(t, "/events"); status != 503 || !strings.Contains(body, "16 look already") {
		t.Errorf("one more viewer: %d %s, want 503", status, body)
	}
	ends[0]()
	eventually(t, "there is room for one again", func() bool {
		answer := a.ask(t, "/events")
		_ = answer.Body.Close()
		return answer.StatusCode == 200
	})
	began := time.Now()
	client := connect(t, r)
	for i := 0; time.Since(began) < 11*time.Second; i++ {
		client.do(fmt.Sprintf("LOCK r%d 100000 AUTOEXTEND", i)) // that something changes
		readEvent(t, streams[1])
	}
	_ = client.conn.Close()
	r.stop()
	for _, events := range streams[1:] {
		if _, err := io.Copy(io.Discard, events); err != nil {
			t.Errorf("a stream broke off as the proxy ended: %v", err)
		}
	}
}

// TestThePageWithoutScripts, and what guards it.
func TestThePageWithoutScripts(t *testing.T) {
	t.Parallel()
	r, a := startAdmin(t, "--admin-password=open sesame")
	for _, path := range []string{"/", "/page.css", "/page.js", "/events"} {
		if status, body := a.get(t, path); status != 401 {
			t.Errorf("%s without a password: %d %s, want 401", path, status, body)
		}
	}
	client := connect(t, r)
	client.do(`LOCK "a\xffb\n" 100000 AUTOEXTEND`)
	client.do("LOCK " + strings.Repeat("<", 1000) + " 100000 AUTOEXTEND")
	a.password = "open sesame"
	_, page := a.get(t, "/")
	for _, want := range []string{"5 of 5 nodes vote", ">Held for<", "<noscript>", `<th scope="row">a\xffb\n</th>`, `<th scope="row">` + strings.Repeat("&lt;", 80) + "…</th>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if status, body := a.get(t, "/page.html"); status != 404 {
		t.Errorf("/page.html: %d %s, want 404", status, body)
	}
}
