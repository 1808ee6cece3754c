package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFlagsThatMakeNoSenseAreRefusedByName(t *testing.T) {
	for arguments, says := range map[string]string{
		"":                                     "--state-dir is required",
		"--state-dir s extra":                  `"extra"`,
		"--state-dir s --speed 0":              "--speed",
		"--state-dir s --log-format xml":       `"xml"`,
		"--state-dir s --deletion-policy keep": `"keep"`,
		"--state-dir s --netns c --first-address nowhere": `"nowhere"`,
		"--state-dir s --netns c --first-address ::1":     "IPv4",
		"--state-dir s --nonsense":                        "nonsense",
	} {
		var output bytes.Buffer
		_, _, err := parse(strings.Fields(arguments), &output)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", arguments, err, says)
		}
	}
}

func TestFlagsReachTheOptions(t *testing.T) {
	var output bytes.Buffer
	options, kubeconfig, err := parse(strings.Fields("--kubeconfig k --state-dir s --netns cloud --first-address 10.1.2.3 --speed 4 --snapshot-quota 7 --deletion-policy retain --detach --keep-crds --log-format json"), &output)
	if err != nil {
		t.Fatal(err)
	}
	address, err := options.Addresses.Pick(nil)
	if err != nil || kubeconfig != "k" || options.StateFolder != "s" || options.Addresses.Namespace() != "cloud" || address != "10.1.2.3" ||
		options.Speed != 4 || options.ManualSnapshots != 7 || options.DeletionPolicy != "retain" || !options.Detach || !options.KeepDefinitions {
		t.Errorf("options are %+v, kubeconfig %q, address %s, %v", options, kubeconfig, address, err)
	}
	if options.Log.Info("hello"); !strings.Contains(output.String(), `"msg":"hello"`) {
		t.Errorf("the log is %q", output.String())
	}
}

func TestAKubeconfigThatIsNotThereIsNamed(t *testing.T) {
	var output bytes.Buffer
	missing := filepath.Join(t.TempDir(), "none")
	err := run(context.Background(), []string{"--state-dir", t.TempDir(), "--kubeconfig", missing}, &output)
	if err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("it was made")
	}
}
