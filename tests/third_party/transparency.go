// Checks and makes what batpak hands to strangers with the note and tlog packages of golang.org/x/mod, which Go uses for its own
// checksum database and which share nothing with batpak. The two packages do all of the cryptography here; this file takes the
// texts of C2SP tlog-proof and tlog-checkpoint apart and puts them together.
//
// Each line of the input is a request in JSON, and each line of the output its answer.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"crypto/ed25519"
	"crypto/sha256"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Do   string // check_inclusion, check_consistency, make_inclusion, make_consistency
	Key  string // the log's, as C2SP signed-note writes it
	Text string // to be checked
	Old  string // the note of the older checkpoint

	Origin string
	Seed   string   // hexadecimal: of the key that signs
	Hashes []string // hexadecimal: of all events of the log, in order
	Index  int64
	Size   int64 // of the older log
	Extra  string
}

type answer struct {
	Refused string `json:"refused,omitempty"` // why
	Text    string `json:"text,omitempty"`
}

const (
	proofTitle = "c2sp.org/tlog-proof@v1"
	hashAt     = 8 // of the event hash, in the bytes of the extra line
)

type checkpoint struct {
	origin string
	tree   tlog.Tree
}

func openCheckpoint(text string, key string) (checkpoint, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return checkpoint{}, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return checkpoint{}, err
	}
	lines := strings.SplitN(opened.Text, "\n", 4)
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return checkpoint{}, errors.New("not a checkpoint of this log")
	}
	size, err := parseNumber(lines[1])
	if err != nil {
		return checkpoint{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return checkpoint{}, err
	}
	return checkpoint{lines[0], tlog.Tree{N: size, Hash: root}}, nil
}

func parseNumber(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 0 || strconv.FormatInt(number, 10) != text {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return number, nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(lines))
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func checkInclusion(asked request) error {
	head, signed, found := strings.Cut(asked.Text, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != proofTitle {
		return errors.New("not a tlog-proof")
	}
	extra, isExtra := cutPrefix(lines[1], "extra ")
	index, isIndex := cutPrefix(lines[2], "index ")
	if !isExtra || !isIndex {
		return errors.New("not a tlog-proof with an extra line")
	}
	record, err := base64.StdEncoding.Strict().DecodeString(extra)
	if err != nil {
		return err
	}
	if len(record) < hashAt+tlog.HashSize {
		return errors.New("no event hash")
	}
	at, err := parseNumber(index)
	if err != nil {
		return err
	}
	path, err := parseHashes(lines[3:])
	if err != nil {
		return err
	}
	stated, err := openCheckpoint(signed, asked.Key)
	if err != nil {
		return err
	}
	if at >= stated.tree.N {
		return errors.New("behind the end of the log")
	}
	leaf := tlog.RecordHash(record[hashAt : hashAt+tlog.HashSize])
	return tlog.CheckRecord(path, stated.tree.N, stated.tree.Hash, at, leaf)
}

func checkConsistency(asked request) error {
	older, err := openCheckpoint(asked.Old, asked.Key)
	if err != nil {
		return err
	}
	head, signed, found := strings.Cut(asked.Text, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || lines[0] != "old "+strconv.FormatInt(older.tree.N, 10) {
		return errors.New("not a proof from this older checkpoint")
	}
	proof, err := parseHashes(lines[1:])
	if err != nil {
		return err
	}
	newer, err := openCheckpoint(signed, asked.Key)
	if err != nil {
		return err
	}
	if older.tree.N > newer.tree.N {
		return errors.New("the older log is the larger one")
	}
	return tlog.CheckTree(proof, newer.tree.N, newer.tree.Hash, older.tree.N, older.tree.Hash)
}

// A tree over the events of a log, as tlog stores one.
type storedTree struct {
	size   int64
	hashes []tlog.Hash
}

func (tree *storedTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = tree.hashes[index]
	}
	return hashes, nil
}

func makeTree(eventHashes []string) (*storedTree, error) {
	tree := &storedTree{}
	for _, text := range eventHashes {
		event, err := hex.DecodeString(text)
		if err != nil {
			return nil, err
		}
		added, err := tlog.StoredHashes(tree.size, event, tree)
		if err != nil {
			return nil, err
		}
		tree.hashes = append(tree.hashes, added...)
		tree.size++
	}
	return tree, nil
}

func signCheckpoint(asked request, tree *storedTree) (string, error) {
	root, err := tlog.TreeHash(tree.size, tree)
	if err != nil {
		return "", err
	}
	seed, err := hex.DecodeString(asked.Seed)
	if err != nil || len(seed) != ed25519.SeedSize {
		return "", errors.New("no seed")
	}
	const algorithm = 1 // Ed25519
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	id := sha256.Sum256(append([]byte(asked.Origin+"\n"), append([]byte{algorithm}, public...)...))
	signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", asked.Origin, binary.BigEndian.Uint32(id[:4]),
		base64.StdEncoding.EncodeToString(append([]byte{algorithm}, seed...))))
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", asked.Origin, tree.size, root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	return string(signed), err
}

func writeHashes(text *bytes.Buffer, hashes []tlog.Hash) {
	for _, hash := range hashes {
		fmt.Fprintf(text, "%s\n", hash)
	}
}

func makeProof(asked request) (string, error) {
	tree, err := makeTree(asked.Hashes)
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	if asked.Do == "make_inclusion" {
		path, err := tlog.ProveRecord(tree.size, asked.Index, tree)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "%s\nextra %s\nindex %d\n", proofTitle, asked.Extra, asked.Index)
		writeHashes(&text, path)
	} else {
		proof, err := tlog.ProveTree(tree.size, asked.Size, tree)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "old %d\n", asked.Size)
		writeHashes(&text, proof)
	}
	signed, err := signCheckpoint(asked, tree)
	return text.String() + "\n" + signed, err
}

func cutPrefix(text string, prefix string) (string, bool) {
	return strings.TrimPrefix(text, prefix), strings.HasPrefix(text, prefix)
}

func carryOut(asked request) (done answer) {
	// The packages are for logs that hold together, and may panic where a proof speaks of one that does not.
	defer func() {
		if reason := recover(); reason != nil {
			done = answer{Refused: fmt.Sprint(reason)}
		}
	}()
	var err error
	switch asked.Do {
	case "check_inclusion":
		err = checkInclusion(asked)
	case "check_consistency":
		err = checkConsistency(asked)
	case "make_inclusion", "make_consistency":
		done.Text, err = makeProof(asked)
	default:
		err = fmt.Errorf("%q is nothing to do", asked.Do)
	}
	if err != nil {
		done.Refused = err.Error()
	}
	return done
}

func main() {
	requests := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := requests.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked request
		if err := json.Unmarshal(line, &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := answers.Encode(carryOut(asked)); err != nil {
			os.Exit(1)
		}
	}
}
