package tenant

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// issued is what cert-manager says of the server's certificate.
type issued struct {
	ready                bool
	words                string
	names                []string
	notAfter, renewAfter time.Time
}

func readIssued(certificate *unstructured.Unstructured) issued {
	if certificate == nil {
		return issued{words: "the Certificate has not been made yet"}
	}
	state := issued{words: "cert-manager has not looked at the Certificate yet"}
	state.names, _, _ = unstructured.NestedStringSlice(certificate.Object, "spec", "dnsNames")
	state.notAfter = timeOf(certificate, "notAfter")
	if state.renewAfter = timeOf(certificate, "renewalTime"); state.renewAfter.IsZero() {
		state.renewAfter = state.notAfter
	}
	if status, message, found := conditionOf(certificate.Object, "Ready", "status", "conditions"); found {
		state.ready, state.words = status == string(metav1.ConditionTrue), message
	}
	return state
}

func timeOf(certificate *unstructured.Unstructured, field string) time.Time {
	text, _, _ := unstructured.NestedString(certificate.Object, "status", field)
	parsed, _ := time.Parse(time.RFC3339, text)
	return parsed
}

// conditionOf finds a condition in a list of an object that has no Go type here.
func conditionOf(object map[string]any, conditionType string, path ...string) (status, message string, found bool) {
	list, _, _ := unstructured.NestedSlice(object, path...)
	for _, item := range list {
		condition, _ := item.(map[string]any)
		if condition["type"] == conditionType {
			status, _ = condition["status"].(string)
			message, _ = condition["message"].(string)
			return status, message, true
		}
	}
	return "", "", false
}

// rememberIssued notes the certificate that cert-manager issued: it is what a hostname counts as served by.
func (w *work) rememberIssued() {
	state := readIssued(w.state.Optional(desired.KindCertificate, naming.ServerTLS))
	if !state.ready || len(state.names) == 0 || state.notAfter.IsZero() {
		return
	}
	issuer := w.class.Spec.Certificate.IssuerRef
	w.status.Certificate = &halo.CertificateStatus{
		Hostname: state.names[0], Names: state.names, Issuer: issuer.Kind + "/" + issuer.Name,
		NotAfter: metav1.NewTime(state.notAfter), RenewAfter: metav1.NewTime(state.renewAfter),
	}
}

// reportCertificate passes on what cert-manager says, and nothing where the operator issues the certificate itself.
func (w *work) reportCertificate() string {
	if w.class.Spec.Certificate.IssuerRef == nil {
		w.report.Remove(halo.ConditionCertificateReady)
		return ""
	}
	state := readIssued(w.state.Optional(desired.KindCertificate, naming.ServerTLS))
	if state.ready {
		w.report.True(halo.ConditionCertificateReady, halo.ReasonReady, clip(state.words))
		return ""
	}
	w.report.False(halo.ConditionCertificateReady, halo.ReasonWaiting, clip(state.words))
	return "Certificate: " + clip(state.words)
}
