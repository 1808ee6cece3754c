package server_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"halo.dev/halo/internal/server"
)

func scrape(t *testing.T, m *server.Metrics) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	return recorder.Body.String()
}

func TestTheLogNamesNobody(t *testing.T) {
	b := start(t)
	token := b.token()
	b.post(token, body)
	b.post(token, strings.Replace(body, `"consent":true`, `"consent":false,"Marked":1`, 1))
	b.do("GET", "/Marked?email=marked@visitor.example", "", "Origin", "https://marked.example", "User-Agent", "Marked")
	b.do("GET", "/api/v1/session?advisor=Marked", "", "Origin", acme)
	if raw, err := net.Dial("tcp", b.address); err == nil {
		_, _ = io.WriteString(raw, "GET / HTTP/1.0\r\n\r\n")
		_, _ = io.ReadAll(raw)
		raw.Close()
	}
	waitFor(t, func() bool {
		return strings.Count(b.log.String(), `"msg":"request"`) >= 5 && strings.Contains(b.log.String(), "[address]")
	})
	log := b.log.String()
	for _, word := range []string{"arked", "Ada", "visitor.example", "127.0.0.1", token, "planning"} {
		if strings.Contains(log, word) {
			t.Errorf("the log tells %q:\n%s", word, log)
		}
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(strings.SplitN(log, "\n", 2)[0]), &line); err != nil {
		t.Fatal(err)
	}
	if line["route"] != "/api/v1/session" || line["status"] != 200.0 || line["network"] != "127.0.0.0/24" || line["method"] != "GET" || !requestPattern.MatchString(line["request"].(string)) {
		t.Errorf("line is %v", line)
	}
	if metrics := scrape(t, b.metrics); strings.Contains(metrics, "Marked") || strings.Contains(metrics, "visitor.example") {
		t.Error("a metric tells what a visitor sent")
	}
	if b.metric(`halo_http_requests_total{method="GET",route="other",status="404"}`) != "1" {
		t.Error("an unknown address is not counted as other")
	}
}
