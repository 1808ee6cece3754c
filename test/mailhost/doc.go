// Package mailhost runs a real mail relay: a Postfix of its own, with its own
// configuration, queue and accounts below one folder, beside whatever Postfix
// the machine has. It takes mail on the submission port 587 from clients that
// use TLS and sign in, whoever the recipient is, and delivers all of it into one
// Maildir, which Messages reads. It needs root, and Debian's postfix, sasl2-bin
// and libsasl2-modules.
package mailhost
