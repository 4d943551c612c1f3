package admin

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
)

// page is all that a browser loads: nothing comes from elsewhere.
//
//go:embed page
var page embed.FS

// pagePolicy lets the page do no more than it does, whatever gets into it.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pageTemplate has the page, and in "view" the part of it that changes.
func pageTemplate() (*template.Template, error) {
	t, err := template.ParseFS(page, "page/page.html")
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	return t, nil
}

// page answers with how things are now, for browsers without scripts too.
func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	var text bytes.Buffer
	if err := s.sampler.template.Execute(&text, s.sampler.look().view); err != nil {
		s.options.Logger.Error("can not render the page of the admin address", "err", err)
		http.Error(w, "the page could not be rendered; the log of the proxy says why", http.StatusInternalServerError)
		return
	}
	pageHeaders(w, "text/html; charset=utf-8")
	_, _ = w.Write(text.Bytes()) // who asked may be gone
}

// asset answers with a file of the page.
func asset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		pageHeaders(w, kind)
		http.ServeFileFS(w, r, page, "page/"+name)
	}
}

func pageHeaders(w http.ResponseWriter, kind string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}
