package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"
)

// browser is one page in a real browser, which is spoken to in the Chrome
// DevTools Protocol over a pipe: JSON, and a zero byte after each message.
type browser struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	session string
	last    int
	asked   []string // urls, when Network is enabled
}

// startBrowser runs Chromium until the test ends. It has a profile of its own
// and asks nobody for anything but the page.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	const name = "chromium"
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing, run: sh test.sh", name)
	}
	theirIn, in := osPipe(t)
	out, theirOut := osPipe(t)
	c := exec.Command(name, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--hide-scrollbars", "--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	c.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4, as the browser expects
	stderr := newOutput()
	c.Stderr = stderr
	c.WaitDelay = time.Second
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirIn.Close(), theirOut.Close()
	_ = out.SetReadDeadline(time.Now().Add(2 * time.Minute)) // a browser that hangs fails the test
	b := &browser{t: t, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		b.end(c)
		if t.Failed() {
			t.Logf("stderr of %s:\n%s", name, stderr)
		}
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	return b
}

func osPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

// end closes the browser so that it ends its own processes, which would write
// into the profile while that is removed.
func (b *browser) end(c *exec.Cmd) {
	_, _ = b.in.WriteString(`{"id":0,"method":"Browser.close"}` + "\x00")
	ended := make(chan struct{})
	go func() {
		_ = c.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = c.Process.Kill()
		<-ended
	}
}

// call runs a method of the protocol, and reads its result unless that is nil.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	b.last++
	request, err := json.Marshal(struct {
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
		Session string `json:"sessionId,omitempty"`
	}{b.last, method, params, b.session})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(request, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	answer := b.await(method)
	if result != nil {
		if err := json.Unmarshal(answer, result); err != nil {
			b.t.Fatalf("%s: %v in %s", method, err, answer)
		}
	}
}

// await reads up to the result of the last call.
func (b *browser) await(method string) json.RawMessage {
	b.t.Helper()
	for {
		text, err := b.out.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		var answer struct {
			ID            int
			Error, Result json.RawMessage
			Method        string
			Params        struct{ Request struct{ URL string } }
		}
		if err := json.Unmarshal(text[:len(text)-1], &answer); err != nil {
			b.t.Fatalf("%s: %v in %s", method, err, text)
		}
		if answer.Method == "Network.requestWillBeSent" {
			b.asked = append(b.asked, answer.Params.Request.URL)
		}
		if answer.ID != b.last { // an event
			continue
		}
		if answer.Error != nil {
			b.t.Fatalf("%s: %s", method, answer.Error)
		}
		return answer.Result
	}
}

// open goes to an address.
func (b *browser) open(url string) {
	b.t.Helper()
	var went struct{ ErrorText string }
	b.call("Page.navigate", map[string]any{"url": url}, &went)
	if went.ErrorText != "" {
		b.t.Fatalf("open %s: %s", url, went.ErrorText)
	}
	eventually(b.t, "the page is loaded", func() bool { return b.text("document.readyState + location.origin") == "complete"+url[:len(url)-1] })
}

// text evaluates an expression, the value of which is a text.
func (b *browser) text(expression string) string {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &answer)
	text, isText := answer.Result.Value.(string)
	if answer.ExceptionDetails != nil || !isText {
		b.t.Fatalf("%s: %v %s", expression, answer.Result.Value, answer.ExceptionDetails)
	}
	return text
}

// screen sets how large the window is, and its scheme of colours: light or dark.
func (b *browser) screen(width, height int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// picture is what the window shows, as PNG.
func (b *browser) picture() []byte {
	b.t.Helper()
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return png
}
