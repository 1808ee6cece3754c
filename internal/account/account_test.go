package account_test

import (
	"context"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/account"
)

var cheap = account.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

func hasher(t testing.TB, cost account.Cost) *account.Hasher {
	t.Helper()
	h, err := account.NewHasher(cost, 1)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAPasswordIsKnownByItsHashAlone(t *testing.T) {
	h := hasher(t, account.DefaultCost)
	stored, err := h.Hash(t.Context(), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(stored, "horse") {
		t.Errorf("the hash is %s", stored)
	}
	again, err := h.Hash(t.Context(), "correct horse battery staple")
	if err != nil || again == stored {
		t.Errorf("two hashes of one password are the same: %v", err)
	}
	for password, want := range map[string]bool{"correct horse battery staple": true, "correct horse battery stapl": false, "": false} {
		if got, err := h.Verify(t.Context(), stored, password); got != want || err != nil {
			t.Errorf("Verify(%q) = %t, %v", password, got, err)
		}
	}
	// A later version may ask for more; what it stored before still counts.
	if ok, err := hasher(t, cheap).Verify(t.Context(), stored, "correct horse battery staple"); !ok || err != nil {
		t.Errorf("with another cost: %t, %v", ok, err)
	}
	if ok, err := h.Verify(t.Context(), "", ""); ok || err != nil {
		t.Errorf("without an account: %t, %v", ok, err)
	}
}

func TestTheSameLettersOfAnyKeyboardAreOnePassword(t *testing.T) {
	h := hasher(t, cheap)
	stored, err := h.Hash(t.Context(), "ein sch\u00f6nes Wort")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := h.Verify(t.Context(), stored, "ein scho\u0308nes Wort"); !ok || err != nil {
		t.Errorf("composed otherwise: %t, %v", ok, err)
	}
}

func TestAStoredHashCannotAskForEverything(t *testing.T) {
	h := hasher(t, cheap)
	const rest = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, text := range []string{
		"$argon2id$v=19$m=4194304,t=1,p=1" + rest, "$argon2id$v=19$m=64,t=1000000,p=1" + rest, "$argon2id$v=19$m=64,t=1,p=0" + rest,
		"$argon2id$v=19$m=64,t=1,p=200" + rest, "$argon2id$v=19$m=64,t=0,p=1" + rest, "$argon2id$v=16$m=64,t=1,p=1" + rest,
		"$argon2i$v=19$m=64,t=1,p=1" + rest, "$argon2id$v=19$m=64,t=1,p=1 " + rest, "$argon2id$v=19$m=064,t=1,p=1" + rest,
		"$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA", "plain", "$", strings.Repeat("$", 5),
	} {
		if ok, err := h.Verify(t.Context(), text, "x"); ok || !errors.Is(err, account.ErrHash) {
			t.Errorf("%s: %t, %v", text, ok, err)
		}
	}
}

func TestHashingIsBounded(t *testing.T) {
	h := hasher(t, account.Cost{MemoryKiB: 16 << 10, Passes: 12, Lanes: 1})
	ended, cancel := context.WithCancel(t.Context())
	const many = 40
	results := make(chan error, many)
	for range many {
		go func() { _, err := h.Hash(ended, "x"); results <- err }()
	}
	busy := 0
	var memory runtime.MemStats
	for range many - 9 { // one computes, eight wait
		if err := <-results; errors.Is(err, account.ErrBusy) {
			busy++
		}
	}
	runtime.ReadMemStats(&memory)
	if busy == 0 || memory.HeapInuse > 200<<20 {
		t.Errorf("%d of %d were refused, and %d MiB are in use", busy, many, memory.HeapInuse>>20)
	}
	cancel()
	for range 9 {
		if err := <-results; err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, account.ErrBusy) {
			t.Errorf("after the end: %v", err)
		}
	}
}

func TestPasswords(t *testing.T) {
	for password, says := range map[string]string{
		"correct horse battery": "", "zwölf Zeichen": "", "elf Zeichen": "at least 12", "": "at least 12",
		"aaaaaaaaaaaaaaaa": "too few", "my name is ada.l now": "the account's name", "MY NAME IS ADA.L NOW": "the account's name",
		strings.Repeat("abcdef", 50): "256 bytes", "tab\tin the middle": "cannot be typed", "no text \xff at all": "cannot be typed",
	} {
		err := account.CheckPassword("ada.l", password)
		if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || strings.Contains(err.Error(), password) && password != "") {
			t.Errorf("%q: %v, want %q", password, err, says)
		}
	}
}

// TestCodesAreThoseOfRFC6238 uses the vectors of its appendix B, of which six
// digits are the last ones.
func TestCodesAreThoseOfRFC6238(t *testing.T) {
	secret := []byte("12345678901234567890")
	for seconds, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := account.Code(secret, time.Unix(seconds, 0)); got != want {
			t.Errorf("at %d the code is %s, want %s", seconds, got, want)
		}
	}
}

func TestACodeCountsOnceAndAroundItsTime(t *testing.T) {
	secret, err := account.NewSecret()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_700_000_010, 0)
	code := account.Code(secret, now)
	for name, c := range map[string]struct {
		at   time.Time
		last int64
		want bool
	}{
		"now": {now, 0, true}, "a step late": {now.Add(30 * time.Second), 0, true}, "a step early": {now.Add(-30 * time.Second), 0, true},
		"two steps late": {now.Add(time.Minute), 0, false}, "two steps early": {now.Add(-time.Minute), 0, false},
		"again": {now, now.Unix() / 30, false}, "after a later one": {now, now.Unix()/30 + 1, false}, "after one before": {now, now.Unix()/30 - 1, true},
	} {
		step, ok := account.VerifyCode(secret, code, c.at, c.last)
		if ok != c.want || ok && step != now.Unix()/30 {
			t.Errorf("%s: %d, %t", name, step, ok)
		}
	}
	if _, ok := account.VerifyCode(secret, code[:3]+" "+code[3:], now, 0); !ok {
		t.Error("a space is not forgiven")
	}
	for _, wrong := range []string{"", "      ", code[:5], code + "0", "١٢٣٤٥٦"} {
		if _, ok := account.VerifyCode(secret, wrong, now, 0); ok {
			t.Errorf("%q is taken", wrong)
		}
	}
	if _, ok := account.VerifyCode(nil, account.Code(nil, now), now, 0); ok {
		t.Error("without a secret a code is taken")
	}
}

func TestAnAppReadsTheSecret(t *testing.T) {
	secret := []byte("12345678901234567890")
	uri, err := url.Parse(account.SecretURI("Acme: Planning HALO", "ada", secret))
	if err != nil {
		t.Fatal(err)
	}
	want := base32.StdEncoding.EncodeToString(secret)
	if uri.Scheme != "otpauth" || uri.Host != "totp" || uri.Path != "/Acme  Planning HALO:ada" || uri.Query().Get("secret") != want ||
		uri.Query().Get("issuer") != "Acme  Planning HALO" || strings.Contains(uri.RawQuery, "+") {
		t.Errorf("the address is %s", uri)
	}
	if got := account.SecretText(secret); got != "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" {
		t.Errorf("the key is %s", got)
	}
}

func TestTokensHaveOneForm(t *testing.T) {
	text, digest, err := account.NewToken()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := account.ParseToken(text); got != digest || err != nil {
		t.Errorf("%s, %v", hex.EncodeToString(got[:]), err)
	}
	for _, wrong := range []string{"", text[1:], text + "A", text[:42] + "=", text[:42] + "\n", strings.Repeat("B", 43), " " + text[1:]} {
		if _, err := account.ParseToken(wrong); !errors.Is(err, account.ErrToken) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestRecoveryCodesAreReadAsTheyAreTyped(t *testing.T) {
	codes, digests, err := account.NewRecoveryCodes()
	if err != nil || len(codes) != account.RecoveryCodes {
		t.Fatal(len(codes), err)
	}
	for i, code := range codes {
		for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, " ", "-"), strings.ReplaceAll(code, " ", "")} {
			if got, ok := account.ParseRecoveryCode(typed); !ok || got != digests[i] {
				t.Errorf("%q is not read", typed)
			}
		}
	}
	for _, wrong := range []string{"", "123456", codes[0][1:], codes[0] + "A", "AAAA AAAA AAAA AAA="} {
		if _, ok := account.ParseRecoveryCode(wrong); ok {
			t.Errorf("%q is read", wrong)
		}
	}
}

func TestWhoFailsWaitsLongerEachTime(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for failures, want := range map[int]time.Duration{
		0: 0, 4: 0, 5: 15 * time.Second, 6: 30 * time.Second, 7: time.Minute, 10: 8 * time.Minute, 11: 15 * time.Minute, 1 << 30: 15 * time.Minute,
	} {
		if got := account.Wait(failures, now, now); got != want {
			t.Errorf("after %d failures the wait is %s, want %s", failures, got, want)
		}
	}
	if got := account.Wait(5, now.Add(-10*time.Second), now); got != 5*time.Second {
		t.Errorf("after ten seconds %s are left", got)
	}
	if got := account.Wait(50, now.Add(-account.Forgotten), now); got != 0 {
		t.Errorf("after a day the wait is %s", got)
	}
	if got := account.Wait(5, now.Add(time.Hour), now); got != 15*time.Second {
		t.Errorf("with a clock that went back the wait is %s", got)
	}
	if account.WaitForCodes(account.GuessedCodes-1, now, now) != 0 || account.WaitForCodes(account.GuessedCodes, now.Add(-time.Hour), now) != 23*time.Hour {
		t.Error("guessed codes are not bounded as they should be")
	}
}

func TestNamesRolesAndAdvisors(t *testing.T) {
	for typed, want := range map[string]string{" Ada.L ": "ada.l", "a1": "a1", "a": "", "": "", "-ab": "", "ab.": "", "a b": "", "ädä": "", strings.Repeat("a", 65): ""} {
		if got, err := account.ParseName(typed); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
	for _, role := range account.Roles() {
		if got, err := account.ParseRole(string(role)); got != role || err != nil || role.MaySee() == "" {
			t.Errorf("%s: %v", role, err)
		}
		if err := account.CheckAdvisor(role, "planning"); (err == nil) != (role == account.Advisor) {
			t.Errorf("%s with an advisor: %v", role, err)
		}
		if err := account.CheckAdvisor(role, ""); (err == nil) != (role != account.Advisor) {
			t.Errorf("%s without one: %v", role, err)
		}
	}
	if _, err := account.ParseRole("root"); err == nil {
		t.Error("there is a role root")
	}
}

// TestNobodyWhoHandlesAccountsSeesPersonalData is the separation of duties in
// one sentence.
func TestNobodyWhoHandlesAccountsSeesPersonalData(t *testing.T) {
	for _, role := range append(account.Roles(), "", "root") {
		sees := role.May(account.SeeClients) || role.May(account.HandlePeople)
		if sees && (role.May(account.HandleAccounts) || role.May(account.SeeFigures)) {
			t.Errorf("the role %s sees personal data and handles accounts or figures", role)
		}
		if (role == "" || role == "root") && role.May(account.Oneself) {
			t.Errorf("%q may do something", role)
		}
	}
}

func FuzzVerifyCode(f *testing.F) {
	f.Add([]byte("12345678901234567890"), "287082", int64(59), int64(0))
	f.Add([]byte{}, "", int64(-1), int64(-5))
	f.Fuzz(func(t *testing.T, secret []byte, code string, at, last int64) {
		at %= 1 << 40
		step, ok := account.VerifyCode(secret, code, time.Unix(at, 0), last)
		if ok && (step <= last || len(secret) != account.SecretSize || len(strings.ReplaceAll(code, " ", "")) != 6) {
			t.Errorf("step %d after %d by %q", step, last, code)
		}
	})
}

func FuzzParseToken(f *testing.F) {
	text, _, err := account.NewToken()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		digest, err := account.ParseToken(text)
		if err == nil && (len(text) != 43 || digest == account.Digest{}) {
			t.Errorf("%q is a token", text)
		}
		if code, ok := account.ParseRecoveryCode(text); ok && code == (account.Digest{}) {
			t.Errorf("%q is a recovery code", text)
		}
	})
}
