// Package entrance is a small Ingress controller for the local cluster: it
// passes TLS connections through to the pods, chosen by the server name that the
// client asks for, and decrypts nothing. The tenant's own certificate is what
// the browser sees.
//
// Routes is the pure part: Ingresses, Services and EndpointSlices in, addresses
// by host name out. Proxy carries connections; Controller keeps the routes in
// step with the API server and reports the address on each Ingress.
package entrance
