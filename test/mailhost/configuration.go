package mailhost

import (
	"embed"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed templates
var templates embed.FS

// settings are what the configuration templates can name.
type settings struct {
	Options
	// The user and group that own the delivered mail.
	MailUser, MailGroup string
}

// renderConfiguration gives the content of each configuration file by its path
// below the host's folder.
func renderConfiguration(with settings) (map[string]string, error) {
	parsed, err := template.New("").Option("missingkey=error").ParseFS(templates, "templates/*")
	if err != nil {
		return nil, fmt.Errorf("reading configuration templates: %w", err)
	}
	files := map[string]string{}
	for name, path := range map[string]string{
		"main.cf": "etc/main.cf", "master.cf": "etc/master.cf", "smtpd.conf": "etc/sasl/smtpd.conf",
	} {
		var content strings.Builder
		if err := parsed.ExecuteTemplate(&content, name, with); err != nil {
			return nil, fmt.Errorf("rendering %s: %w", name, err)
		}
		files[path] = content.String()
	}
	return files, nil
}

// queueFolders are those that Postfix's programs use once they are no more root.
var queueFolders = []string{
	"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "public", "saved", "trace",
}

// prepareFolders makes the folders that Postfix expects, owned by whom it
// expects, and gives the user and group that will own the mail.
func prepareFolders(folder string) (mailUser, mailGroup string, err error) {
	postfix, err := user.Lookup("postfix")
	if err != nil {
		return "", "", fmt.Errorf("finding Postfix's user (is postfix installed?): %w", err)
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return "", "", fmt.Errorf("finding the mail's user: %w", err)
	}
	type ownedFolder struct {
		path  string
		mode  os.FileMode
		owner *user.User
	}
	folders := []ownedFolder{
		{"etc/sasl", 0o755, nil},
		{"queue/pid", 0o755, nil},
		{"data", 0o700, postfix},
		{"mail", 0o700, nobody},
	}
	for _, name := range queueFolders {
		folders = append(folders, ownedFolder{filepath.Join("queue", name), 0o700, postfix})
	}
	for _, one := range folders {
		path := filepath.Join(folder, one.path)
		if err := os.MkdirAll(path, one.mode); err != nil {
			return "", "", fmt.Errorf("preparing the mail host's folder: %w", err)
		}
		if one.owner == nil {
			continue
		}
		if err := chown(path, one.owner); err != nil {
			return "", "", err
		}
	}
	return nobody.Uid, nobody.Gid, nil
}
