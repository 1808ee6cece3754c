// Command fonts makes the fonts of internal/report/draw/fonts/noto from the
// packages of Debian 12, of which each is known by its checksum: the letters
// and what joins and places them, without hinting for screens; packed as WOFF
// but for the largest, which packs badly and would take longest to unpack.
// The same packages give the same files. It needs apt-get, dpkg-deb and
// python3, and installs nothing.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

const target = "internal/report/draw/fonts/noto"

// packages are what the fonts and the tool that cuts them come from.
var packages = []struct{ name, version, sha256 string }{
	{"fonts-noto-core", "20201225-1", "58f4f0bb6720f919f92096b3508e1412a0f1544424ade6c5b5bf1eb694dd64ba"},
	{"fonts-noto-cjk", "1:20220127+repack1-1", "4a2515eb6db3978b897fef9709ed0d2b1f4c6c4df4d83d6c4ef65f71f1b1f502"},
	{"python3-fonttools", "4.38.0-1+deb12u1", "c6fd1de05cc61dd7ae0780902b776f1db63ccf01ac8cf73cb11f469c66e6664b"},
}

// scripts are the fonts of Noto for one script each.
var scripts = []string{
	"NotoSans", "NotoSansAdlam", "NotoSansArabic", "NotoSansArmenian", "NotoSansBengali", "NotoSansCanadianAboriginal",
	"NotoSansCherokee", "NotoSansDevanagari", "NotoSansEthiopic", "NotoSansGeorgian", "NotoSansGujarati", "NotoSansGurmukhi",
	"NotoSansHebrew", "NotoSansKannada", "NotoSansKhmer", "NotoSansLao", "NotoSansMalayalam", "NotoSansMongolian",
	"NotoSansMyanmar", "NotoSansNKo", "NotoSansOriya", "NotoSansSinhala", "NotoSansSyriac", "NotoSansTamil",
	"NotoSansTelugu", "NotoSansThaana", "NotoSansThai", "NotoSansTifinagh", "NotoSerifTibetan",
}

// eastAsian are the blocks of which the font for Chinese, Japanese and Korean
// keeps what it has: what stands between words, kana, all ideographs, the syllables of Hangul,
// letters of full width.
const eastAsian = "0020-007E,3000-30FF,31F0-31FF,3400-4DBF,4E00-9FFF,AC00-D7A3,F900-FAFF,FF00-FFEF,20000-2FA1F"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "fonts:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "halo-fonts-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	for _, p := range packages {
		if err := unpack(ctx, folder, p.name, p.version, p.sha256); err != nil {
			return fmt.Errorf("package %s %s: %w", p.name, p.version, err)
		}
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	for _, name := range scripts {
		if err := cut(ctx, folder, "truetype/noto/"+name+"-Regular.ttf", name+"-Regular.woff", "--flavor=woff", "--unicodes=*",
			"--layout-features=*"); err != nil {
			return err
		}
	}
	if err := cut(ctx, folder, "opentype/noto/NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "--font-number=2", // simplified Chinese
		"--unicodes="+eastAsian, "--layout-features=", "--drop-tables+=BASE,VORG,vhea,vmtx,GSUB,GPOS,GDEF"); err != nil {
		return err
	}
	return nil
}

// unpack fetches a package, checks it and unpacks it.
func unpack(ctx context.Context, folder, name, version, checksum string) error {
	fetch := exec.CommandContext(ctx, "apt-get", "download", name+"="+version)
	fetch.Dir, fetch.Stderr = folder, os.Stderr
	if err := fetch.Run(); err != nil {
		return fmt.Errorf("fetching: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(folder, name+"_*.deb"))
	if err != nil || len(files) != 1 {
		return fmt.Errorf("fetching left %d files: %w", len(files), err)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != checksum {
		return fmt.Errorf("its SHA-256 is %x, want %s", sum, checksum)
	}
	if err := exec.CommandContext(ctx, "dpkg-deb", "-x", files[0], folder).Run(); err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	return nil
}

// cut writes what is kept of one font.
func cut(ctx context.Context, folder, from, name string, options ...string) error {
	args := append([]string{"-m", "fontTools.subset", filepath.Join(folder, "usr/share/fonts", from), "--no-hinting",
		"--no-recalc-timestamp", "--output-file=" + filepath.Join(target, name)}, options...)
	python := exec.CommandContext(ctx, "python3", args...)
	python.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(folder, "usr/lib/python3/dist-packages"))
	python.Stderr = os.Stderr
	if err := python.Run(); err != nil {
		return fmt.Errorf("cutting %s: %w", name, err)
	}
	return nil
}
