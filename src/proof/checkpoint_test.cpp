#include "proof/checkpoint.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "batpak/witness_file.hpp"
#include "crypto/key_pem.hpp"
#include "proof/merkle.hpp"

namespace batpak {
namespace {

// The example of C2SP's tlog-checkpoint.
const std::string example_of_c2sp =
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

// Signed by openssl with the key of RFC 8410: the tree of five leaves, 32 bytes of 0 to 32 bytes of 4.
const std::string signed_by_openssl =
    "example.com/log42\n"
    "5\n"
    "heIMrB8C/ae82y/D+QhWjFcBjHeBXx+jYaytE5lPCL8=\n"
    "\n"
    "— example.com/log42 "
    "9OU9iZwRQklxNwMOVi0e0oINYFWu25qxOG/s/plMCJP2OdDuhMcQ6OKOAzwV0WsStFGIrpb4wAVlMdM+8ImH8cwgXwM=\n";
constexpr std::string_view verifier_of_openssl = "example.com/log42+f4e53d89+ARm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh";

SigningKey example_key() {
  auto key = crypto::KeyPem::parse(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
      "-----END PRIVATE KEY-----\n");
  return std::move(key).value();
}

Checkpoint checkpoint_of_five() {
  proof::RightEdge edge;
  for (unsigned leaf = 0; leaf < 5; ++leaf) {
    Hash event_hash;
    event_hash.bytes.fill(static_cast<std::byte>(leaf));
    edge.append(proof::leaf_hash(event_hash));
  }
  return {.origin = "example.com/log42", .size = edge.size(), .root = edge.root()};
}

NoteSignature signature_of_a_stranger(std::size_t number) {
  return {.name = "witness.example/" + std::to_string(number), .key_id = {}, .signature = {64, std::byte{7}}};
}

CheckpointNote parsed(const std::string& note) {
  auto result = parse_note(note);
  EXPECT_TRUE(result) << to_string(result.error());
  return std::move(result).value();
}

TEST(checkpoint, reads_and_writes_the_example_of_c2sp) {
  const CheckpointNote note = parsed(example_of_c2sp);
  EXPECT_EQ(note.checkpoint.origin, "example.com/behind-the-sofa");
  EXPECT_EQ(note.checkpoint.size, 20852163U);
  EXPECT_EQ(note.text, note_body(note.checkpoint));
  ASSERT_EQ(note.signatures.size(), 1U);
  EXPECT_EQ(note.signatures[0].signature.size(), 64U);
  EXPECT_EQ(format_note(note.checkpoint, note.signatures), example_of_c2sp);
}

TEST(checkpoint, is_signed_as_another_implementation_signs_it) {
  const Checkpoint checkpoint = checkpoint_of_five();
  const std::vector signatures{proof::sign_checkpoint(checkpoint, example_key()).value()};
  EXPECT_EQ(format_note(checkpoint, signatures), signed_by_openssl);
}

TEST(checkpoint, verifies_with_the_public_key_alone) {
  const auto verifier = VerifierKey::from_string(verifier_of_openssl);
  ASSERT_TRUE(verifier);
  const CheckpointNote note = parsed(signed_by_openssl);
  EXPECT_TRUE(verify_note(note, *verifier));
  EXPECT_TRUE(verify_note(note, verifier->key()));
}

// Witness: signatures_are_verified
TEST(checkpoint, no_changed_byte_of_a_note_verifies) {
  const SigningKey key = example_key();
  for (std::size_t i = 0; i < signed_by_openssl.size(); ++i) {
    for (const unsigned flip : {0x01U, 0x10U, 0x80U}) {
      std::string changed = signed_by_openssl;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ flip);
      const auto note = parse_note(changed);
      EXPECT_FALSE(note && verify_note(*note, key.public_key())) << changed;
    }
  }
}

TEST(checkpoint, no_cut_note_is_read) {
  for (std::size_t size = 0; size < signed_by_openssl.size(); ++size)
    EXPECT_FALSE(parse_note(signed_by_openssl.substr(0, size)));
}

TEST(checkpoint, signatures_of_strangers_do_not_matter) {
  const Checkpoint checkpoint = checkpoint_of_five();
  const SigningKey key = example_key();
  std::vector<NoteSignature> signatures;
  for (std::size_t i = 0; i + 1 < CheckpointNote::signatures_max; ++i) signatures.push_back(signature_of_a_stranger(i));
  EXPECT_EQ(verify_note(parsed(format_note(checkpoint, signatures)), key.public_key()).error().code,
            ErrorCode::bad_signature);
  signatures.push_back(proof::sign_checkpoint(checkpoint, key).value());
  const CheckpointNote note = parsed(format_note(checkpoint, signatures));
  EXPECT_EQ(note.signatures, signatures);
  EXPECT_TRUE(verify_note(note, key.public_key()));
  signatures.push_back(signature_of_a_stranger(64));
  EXPECT_EQ(parse_note(format_note(checkpoint, signatures)).error().code, ErrorCode::too_large);
}

// C2SP signed-note asks of every reader that it takes at least 16 signatures.
TEST(checkpoint, the_known_signature_may_stand_anywhere_among_sixteen) {
  const Checkpoint checkpoint = checkpoint_of_five();
  const SigningKey key = example_key();
  for (std::size_t place = 0; place < 16; ++place) {
    std::vector<NoteSignature> signatures;
    for (std::size_t i = 0; i < 15; ++i) signatures.push_back(signature_of_a_stranger(i));
    signatures[14].signature.assign(2'428, std::byte{9});  // as long as one of ML-DSA-44
    signatures.insert(signatures.begin() + static_cast<std::ptrdiff_t>(place),
                      proof::sign_checkpoint(checkpoint, key).value());
    const CheckpointNote note = parsed(format_note(checkpoint, signatures));
    EXPECT_EQ(note.signatures, signatures);
    EXPECT_TRUE(verify_note(note, key.public_key())) << place;
  }
}

// C2SP signed-note: signatures of unknown keys are ignored, whatever batpak itself would call a key.
TEST(checkpoint, a_stranger_may_have_any_name_that_signed_notes_allow) {
  const Checkpoint checkpoint = checkpoint_of_five();
  const SigningKey key = example_key();
  const NoteSignature good = proof::sign_checkpoint(checkpoint, key).value();
  for (const std::string& name : {std::string(256, 'x'), std::string(10'000, 'x'), std::string("a\x7F"),
                                  std::string("a\u0080b"), std::string("a\u009B31m"), std::string("a\u200Bb")}) {
    NoteSignature strange = signature_of_a_stranger(1);
    strange.name = name;
    const std::vector signatures{strange, good};
    const CheckpointNote note = parsed(format_note(checkpoint, signatures));
    EXPECT_EQ(note.signatures, signatures);
    EXPECT_TRUE(verify_note(note, key.public_key()));
  }
  for (const std::string& name : {std::string(""), std::string("a+b"), std::string("a\u0085"), std::string("a\u00A0b"),
                                  std::string("\u3000"), std::string("a\x1F"), std::string("a\xFF")}) {
    NoteSignature strange = signature_of_a_stranger(1);
    strange.name = name;
    const auto note = parse_note(format_note(checkpoint, std::vector{strange, good}));
    ASSERT_FALSE(note) << name;
    EXPECT_EQ(note.error().code, ErrorCode::malformed);
  }
}

TEST(checkpoint, the_same_name_or_the_same_id_alone_is_a_stranger) {
  const Checkpoint checkpoint = checkpoint_of_five();
  const SigningKey key = example_key();
  const NoteSignature good = proof::sign_checkpoint(checkpoint, key).value();
  NoteSignature same_name = good;
  same_name.key_id[0] ^= std::byte{1};
  same_name.signature.assign(3, std::byte{0});
  NoteSignature same_id = good;
  same_id.name = "example.com/other";
  same_id.signature.assign(64, std::byte{0});
  EXPECT_TRUE(verify_note(parsed(format_note(checkpoint, std::vector{same_name, good, same_id})), key.public_key()));
  EXPECT_FALSE(verify_note(parsed(format_note(checkpoint, std::vector{same_name, same_id})), key.public_key()));
}

TEST(checkpoint, a_bad_signature_of_the_known_key_rejects_the_note_beside_a_good_one) {
  const Checkpoint checkpoint = checkpoint_of_five();
  const SigningKey key = example_key();
  const NoteSignature good = proof::sign_checkpoint(checkpoint, key).value();
  NoteSignature bad = good;
  bad.signature[10] ^= std::byte{1};
  for (const auto& signatures : {std::vector{good, bad}, std::vector{bad, good}, std::vector{bad}}) {
    const auto result = verify_note(parsed(format_note(checkpoint, signatures)), key.public_key());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::bad_signature);
  }
}

TEST(checkpoint, extension_lines_are_kept_and_signed) {
  const SigningKey key = example_key();
  const Checkpoint checkpoint = checkpoint_of_five();
  const std::string text = note_body(checkpoint) + "an extension\n— another\n";
  const auto made = key.sign(base::as_bytes(text));
  Bytes signature;
  base::append(signature, key.public_key().key_id(checkpoint.origin));
  base::append(signature, made);
  const CheckpointNote note = parsed(text + "\n— example.com/log42 " + base::to_base64(signature) + "\n");
  EXPECT_EQ(note.text, text);
  EXPECT_EQ(note.checkpoint, checkpoint);
  EXPECT_TRUE(verify_note(note, key.public_key()));
}

// What a witness is asked to sign has to be the note that the log signed.
TEST(checkpoint, is_written_with_its_extension_lines_wherever_a_note_is) {
  const SigningKey key = example_key();
  const Checkpoint checkpoint = checkpoint_of_five();
  CheckpointNote note{.checkpoint = checkpoint, .text = note_body(checkpoint) + "an extension\n", .signatures = {}};
  note.signatures.push_back(
      {.name = checkpoint.origin, .key_id = key.public_key().key_id(checkpoint.origin), .signature = {}});
  base::append(note.signatures[0].signature, key.sign(base::as_bytes(note.text)));
  ASSERT_TRUE(verify_note(note, key.public_key()));
  EXPECT_EQ(parsed(format_note(note)), note);

  const std::string asked = format_consistency({.old_size = 3, .new_size = 5, .path = {Hash{}}}, note);
  EXPECT_TRUE(asked.starts_with("old 3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nexample.com/log42\n")) << asked;
  const CheckpointNote seen_by_witness = parsed(asked.substr(asked.find("\n\n") + 2));
  EXPECT_EQ(seen_by_witness, note);
  EXPECT_TRUE(verify_note(seen_by_witness, key.public_key()));

  const WitnessRecord record{.store_id = {}, .note = note};
  EXPECT_EQ(parse_witness_record(format_witness_record(record)).value(), record);
}

// A checkpoint of Go's checksum database, as it was published, and the key that the go command verifies it with.
TEST(checkpoint, of_a_log_whose_name_is_no_url_is_read_and_verified) {
  const std::string published =
      "go.sum database tree\n"
      "31700353\n"
      "qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n"
      "\n"
      "— sum.golang.org "
      "Az3grnmrIUEDFqHzAElIQCPNoRFRAAdFo47fooyWKMHb89k11GJh5zHIfNCOBmwn/C3YI8oW9/C8DJ87F61QqspBYwM=\n";
  const CheckpointNote note = parsed(published);
  EXPECT_EQ(note.checkpoint.origin, "go.sum database tree");
  EXPECT_EQ(note.checkpoint.size, 31700353U);
  EXPECT_EQ(format_note(note), published);
  const auto key = VerifierKey::from_string("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8");
  ASSERT_TRUE(key);
  EXPECT_TRUE(verify_note(note, *key));
  EXPECT_EQ(verify_note(note, key->key()).error().code, ErrorCode::bad_signature) << "no key is named as this log";
}

TEST(checkpoint, of_others_may_have_any_line_as_its_origin) {
  const std::string rest = "\n5\nheIMrB8C/ae82y/D+QhWjFcBjHeBXx+jYaytE5lPCL8=\n\n— a AAAAAAA=\n";
  for (const std::string& origin : {std::string("a b"), std::string("a+b"), std::string(" "), std::string("\u2003a"),
                                    std::string("a\u0085\x7F"), std::string(300, 'x')}) {
    const CheckpointNote note = parsed(origin + rest);
    EXPECT_EQ(note.checkpoint.origin, origin);
    EXPECT_EQ(format_note(note), origin + rest);
    EXPECT_EQ(proof::check_origin(origin).error().code, ErrorCode::invalid_argument) << "a store of ours is not called so";
  }
}

TEST(checkpoint, an_error_names_its_line) {
  const std::string root = "heIMrB8C/ae82y/D+QhWjFcBjHeBXx+jYaytE5lPCL8=";
  const std::string good = "— a AAAAAAA=\n";
  const std::pair<std::string, std::string> cases[]{
      {"\n5\n" + root + "\n\n" + good, "line 1"},
      {"a\n05\n" + root + "\n\n" + good, "line 2"},
      {"a\n-5\n" + root + "\n\n" + good, "line 2"},
      {"a\n+5\n" + root + "\n\n" + good, "line 2"},
      {"a\n5 \n" + root + "\n\n" + good, "line 2"},
      {"a\n\n" + root + "\n\n" + good, "line 2"},
      {"a\n18446744073709551616\n" + root + "\n\n" + good, "line 2"},
      {"a\n5\n" + root.substr(4) + "\n\n" + good, "line 3"},
      {"a\n5\n" + root.substr(0, 43) + "\n\n" + good, "line 3"},
      {"a\n5\n" + root + "\n" + good, "line 5"},
      {"a\n5\n" + root + "\n\n", "line 5"},
      {"a\n5\n" + root + "\n\n\n" + good, "line 5"},
      {"a\n5\n" + root + "\n\n- a AAAAAAA=\n", "line 5"},
      {"a\n5\n" + root + "\n\n— aAAAAAAA=\n", "line 5"},
      {"a\n5\n" + root + "\n\n— a AAAAAA==\n", "line 5"},
      {"a\n5\n" + root + "\n\n— a+b AAAAAAA=\n", "line 5"},
      {"a\n5\n" + root + "\n\n" + good + "— a  AAAAAAA=\n", "line 6"},
      {"a\n5\n" + root + "\n\n" + good + "\n", "line 6"},
      {"a\n5\n" + root + "\n\n" + good + "— a AAAAAAA=", "line 6"},
      {"a\n5\n" + root + "\nextension\n\nextension\n\n" + good, "line 6"},
  };
  EXPECT_TRUE(parse_note("a\n5\n" + root + "\n\n" + good));
  EXPECT_TRUE(parse_note("a\n18446744073709551615\n" + root + "\n\n" + good));
  for (const auto& [note, line] : cases) {
    const auto result = parse_note(note);
    ASSERT_FALSE(result) << note;
    EXPECT_EQ(result.error().code, ErrorCode::malformed);
    EXPECT_TRUE(result.error().message.starts_with(line)) << result.error().message << "\n" << note;
  }
}

TEST(checkpoint, refuses_what_no_note_may_hold) {
  EXPECT_EQ(parse_note("a\n5\n\xFF\n\n").error().code, ErrorCode::malformed);
  EXPECT_EQ(parse_note("a\r\n5\n\n").error().code, ErrorCode::malformed);
  EXPECT_EQ(parse_note(std::string(CheckpointNote::bytes_max + 1, 'a')).error().code, ErrorCode::too_large);
}

TEST(checkpoint, an_origin_that_would_break_a_note_is_refused) {
  EXPECT_TRUE(proof::check_origin("batpak.invalid/00112233445566778899aabbccddeeff"));
  for (const std::string_view origin : {"", "a b", "a+b", "a\nb"}) {
    const auto result = proof::check_origin(origin);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace batpak
