package platform

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// mailPassword is the password of mailAccount.
func (p *Platform) mailPassword() (string, error) {
	return p.keptSecret("mail-password", rand.Text)
}

// sealingRoot is what the keys of every tenant's personal data are derived
// from: 32 bytes in base64.
func (p *Platform) sealingRoot() (string, error) {
	return p.keptSecret("sealing-root", func() string {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		return base64.StdEncoding.EncodeToString(key)
	})
}

// keptSecret is made once for a platform and kept where only root reads it.
func (p *Platform) keptSecret(name string, fresh func() string) (string, error) {
	file := p.Path(name)
	known, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(known)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the platform's %s: %w", name, err)
	}
	if err := os.MkdirAll(p.Folder, 0o755); err != nil {
		return "", fmt.Errorf("keeping the platform's %s: %w", name, err)
	}
	made := fresh()
	if err := os.WriteFile(file, []byte(made+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keeping the platform's %s: %w", name, err)
	}
	return made, nil
}
