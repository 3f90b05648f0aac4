/* command_table.c: the one table of subcommands. Help, `ward help --json`, the parser and its messages all come from these rows. */
#include "cli/cmd.h"

#include "cli/ask.h"
#include "cli/reach.h"
#include "cli/send.h"

#define END { .name = NULL }

static const struct flag_spec key_init_flags[] = {
    { .name = "for", .type = FLAG_CHOICE, .choices = "replica|organisation|patient|practitioner|system|payer-agent|researcher|auditor|person", .required = true,
      .help = "whose keys: decides which files are made" },
    END,
};

static const struct flag_spec key_show_flags[] = {
    { .name = "genesis", .type = FLAG_PATH, .help = "genesis file: shows the account of each personal key too" },
    END,
};

static const struct flag_spec key_enrol_flags[] = {
    { .name = "name", .type = FLAG_TEXT, .required = true, .help = "name of the organisation, printable ASCII, at most 48 bytes" },
    { .name = "kind", .type = FLAG_CHOICE, .choices = "hospital|clinic|payer|research|regulator|public-health|lab", .value = "hospital", .help = "kind of organisation" },
    { .name = "endpoint", .type = FLAG_TEXT, .help = "host:port where the others reach it" },
    { .name = "capabilities", .type = FLAG_TEXT, .value = "publish,vouch", .help = "list of publish, vouch, btg; or none, all" },
    { .name = "out", .type = FLAG_PATH, .required = true, .help = "new file for the enrolment; public" },
    END,
};

static const struct flag_spec config_check_flags[] = {
    { .name = "syntax", .type = FLAG_SWITCH, .help = "look at the file alone, not at genesis, keys and data directory" },
    END,
};

static const struct flag_spec config_explain_flags[] = {
    { .name = "yaml", .type = FLAG_SWITCH, .help = "print a configuration file with every option and its default" },
    END,
};

static const struct flag_spec genesis_assemble_flags[] = {
    { .name = "name", .type = FLAG_TEXT, .required = true, .help = "name of the chain, printable ASCII without spaces, at most 48 bytes" },
    { .name = "time-ms", .type = FLAG_NUMBER, .min = 946684800000, .max = 4102444800000, .required = true,
      .help = "time of block 0 in Unix milliseconds, the same for everybody who assembles" },
    { .name = "profile", .type = FLAG_CHOICE, .choices = "fast|balanced|eco", .value = "balanced", .help = "how long a command waits for company: 0, 5 or 400 ms" },
    { .name = "entities", .type = FLAG_PATH, .help = "file of initial entities (key length u8, value length u16, key, value; little-endian), in any order" },
    { .name = "out", .type = FLAG_PATH, .required = true, .help = "new file for the genesis" },
    END,
};

static const struct flag_spec genesis_verify_flags[] = {
    { .name = "fingerprint", .type = FLAG_HEX, .min = 32, .max = 32, .help = "the hash that was agreed on" },
    END,
};

static const struct flag_spec status_flags[] = {
    REACH_FLAGS,
    { .name = "watch", .type = FLAG_SWITCH, .help = "again each second, until interrupted; with --json one object each time" },
    END,
};

static const struct flag_spec inspect_log_flags[] = {
    { .name = "batches", .type = FLAG_SWITCH, .help = "list each batch too" },
    { .name = "records", .type = FLAG_SWITCH, .help = "list each record too: kind, height, hash; never its content" },
    END,
};

static const struct flag_spec demo_flags[] = {
    { .name = "replicas", .type = FLAG_NUMBER, .value = "4", .min = 4, .max = 31, .help = "replicas on this machine" },
    { .name = "for", .type = FLAG_DURATION, .value = "30s", .min = 8000, .max = 300000, .help = "how long the load runs; the rest takes about 25 s more" },
    { .name = "rate", .type = FLAG_NUMBER, .value = "200", .min = 1, .max = 10000, .help = "commands per second" },
    { .name = "bundle", .type = FLAG_PATH, .help = "FHIR R4 bundle of one patient; without it the small one that comes with Ward" },
    { .name = "keep", .type = FLAG_PATH, .help = "empty directory for the cluster, which stays there; it also chooses the disk" },
    END,
};

static const struct flag_spec submit_flags[] = {
    SEND_FLAGS,
    { .name = "body", .type = FLAG_PATH, .help = "JSON object with fields of the body; words of the command line beat it" },
    { .name = "cosigner", .type = FLAG_PATH, .repeats = true, .help = "key file of who signs too, such as the actor that vouches for a patient" },
    { .name = "new-key", .type = FLAG_PATH, .help = "actor-set: key file of the actor that is registered; it proves possession" },
    { .name = "payload", .type = FLAG_PATH, .help = "file whose bytes stand beside the command, at most 8192" },
    { .name = "dry-run", .type = FLAG_SWITCH, .help = "print the signed command in hexadecimal instead of sending it" },
    END,
};

static const struct flag_spec import_flags[] = {
    SEND_FLAGS_WITHIN("30s"),
    { .name = "patient", .type = FLAG_HEX, .min = 32, .max = 32, .required = true, .help = "account of the patient whom the bundle is about" },
    { .name = "on-behalf", .type = FLAG_HEX, .min = 32, .max = 32, .help = "account of the practitioner who made the records" },
    { .name = "organisation", .type = FLAG_TEXT, .help = "id of an Organization of the bundle: the resources of this one alone, where it holds those of several" },
    { .name = "custody", .type = FLAG_PATH, .required = true, .help = "private file for what the hospital must keep: records and salts. An import that was cut short goes on when it is named again" },
    END,
};

static const struct flag_spec inspect_block_flags[] = {
    { .name = "height", .type = FLAG_NUMBER, .min = 1, .max = WIRE_NUMBER_MAX, .help = "which block; when not given the newest that this log knows to be committed" },
    END,
};

static const struct flag_spec inspect_state_flags[] = {
    { .name = "genesis", .type = FLAG_PATH, .required = true, .help = "genesis file of the chain" },
    { .name = "height", .type = FLAG_NUMBER, .max = WIRE_NUMBER_MAX, .help = "state as of after this block; when not given the newest that this log knows to be committed" },
    END,
};

static const struct flag_spec no_flags[] = { END };

static const struct flag_spec get_flags[] = {
    ASK_FLAGS,
    { .name = "ticket", .type = FLAG_HEX, .min = 32, .max = 32, .help = "locator: the ticket under which it is asked for" },
    { .name = "purpose", .type = FLAG_TEXT, .value = "TREAT", .help = "evaluate: purpose of the access, such as TREAT or HPAYMT" },
    { .name = "classes", .type = FLAG_TEXT, .value = "all", .help = "evaluate: list of record classes, or all (but sealed)" },
    { .name = "base", .type = FLAG_NUMBER, .min = 1, .max = UINT32_MAX, .value = "1", .help = "evaluate: first of the 256 pointers that are looked at" },
    { .name = "from-month", .type = FLAG_NUMBER, .max = 65535, .help = "evaluate: first service month, counted from January 2000 = 1; 0: open" },
    { .name = "to-month", .type = FLAG_NUMBER, .max = 65535, .help = "evaluate: last service month; 0: open" },
    { .name = "signs", .type = FLAG_SWITCH, .help = "evaluate: the subject itself signs the request, so permits to it count" },
    END,
};

static const struct flag_spec audit_flags[] = {
    ASK_FLAGS,
    { .name = "from", .type = FLAG_NUMBER, .max = WIRE_NUMBER_MAX, .help = "number of the first event, from 0" },
    { .name = "count", .type = FLAG_NUMBER, .min = 1, .max = 1000000000, .help = "events at most; all without it" },
    { .name = "root", .type = FLAG_HEX, .min = 32, .max = 32, .help = "root with which an earlier audit ended at --from: this one must continue it" },
    { .name = "disclosures", .type = FLAG_SWITCH, .help = "the disclosures alone; asked by an organisation: its own" },
    END,
};

static const struct flag_spec verify_flags[] = {
    { .name = "genesis", .type = FLAG_PATH, .required = true, .help = "genesis file: the chain to trust" },
    END,
};

static const struct flag_spec doctor_flags[] = {
    { .name = "profile", .type = FLAG_CHOICE, .choices = "validator|bench|ci", .value = "validator", .help = "what the machine is meant for" },
    { .name = "config", .type = FLAG_PATH, .value = "/etc/ward/ward.yaml", .help = "configuration of the replica; the usual one may be missing" },
    { .name = "data", .type = FLAG_PATH, .help = "data directory, instead of the configuration's" },
    { .name = "sysroot", .type = FLAG_PATH, .help = "a recorded machine instead of this one: its /proc and /sys, and a file `measured`" },
    END,
};

const struct command_spec command_table[] = {
    { .name = "help",
      .summary = "explain all commands or one",
      .operand = { "COMMAND", 0, 2, "one or two words, such as `key init`" },
      .flags = no_flags,
      .example = "ward help key init",
      .run = cmd_help },
    { .name = "version", .summary = "print the version", .flags = no_flags, .example = "ward --version", .run = cmd_version },
    { .name = "demo",
      .summary = "run a real cluster with throw-away keys on this machine, from the first registration to a refused release, and see whether all of it holds",
      .flags = demo_flags,
      .example = "ward demo --for 30s --rate 200",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_UNREACHABLE, EXIT_REFUSED, EXIT_ENVIRONMENT, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_demo },
    { .name = "doctor",
      .summary = "look at this machine as a replica would: each line has a status, a stable id, the evidence and what to do",
      .flags = doctor_flags,
      .example = "ward doctor --config /etc/ward/ward.yaml",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_ENVIRONMENT, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_doctor },
    { .name = "key init",
      .summary = "make new keys in a directory, each in a file that only its owner can read",
      .operand = { "DIR", 1, 1, "directory, made if it is not there, but not what it lies in; a key in it is never overwritten" },
      .flags = key_init_flags,
      .example = "ward key init /etc/ward/keys --for replica",
      .exits = { EXIT_CONFIGURATION, EXIT_REFUSED, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_key_init },
    { .name = "key show",
      .summary = "show the public halves of key files, never a secret",
      .operand = { "PATH", 1, ARGS_OPERANDS_MAX, "key file, or directory with key files" },
      .flags = key_show_flags,
      .example = "ward key show /etc/ward/keys --genesis city.genesis",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_key_show },
    { .name = "key enrol",
      .summary = "write the public enrolment file of an organisation, signed by each of its keys",
      .operand = { "DIR", 1, 1, "directory made by `ward key init` for a replica or an organisation" },
      .flags = key_enrol_flags,
      .example = "ward key enrol /etc/ward/keys --name Mercy --endpoint ward.mercy.example:7400 --out mercy.enrol",
      .exits = { EXIT_CONFIGURATION, EXIT_REFUSED, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_key_enrol },
    { .name = "config check",
      .summary = "check a configuration with the genesis, the keys and the data directory that it names; not what only a start can show: free ports, flushes, memory",
      .operand = { "FILE", 1, 1, "configuration of a wardd" },
      .flags = config_check_flags,
      .example = "ward config check /etc/ward/ward.yaml",
      .exits = { EXIT_CONFIGURATION, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_config_check },
    { .name = "config show",
      .summary = "show every option as it is in force: environment, then file, then default",
      .operand = { "FILE", 1, 1, "configuration of a wardd" },
      .flags = no_flags,
      .example = "ward config show /etc/ward/ward.yaml",
      .exits = { EXIT_CONFIGURATION, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_config_show },
    { .name = "config explain",
      .summary = "explain all options of the configuration file, a section or one option",
      .operand = { "OPTION", 0, 1, "section, name or section.name" },
      .flags = config_explain_flags,
      .example = "ward config explain limits",
      .run = cmd_config_explain },
    { .name = "genesis assemble",
      .summary = "put the genesis together from enrolment files: the same bytes on every machine, in whatever order they are named",
      .operand = { "ENROLMENT", 4, ARGS_OPERANDS_MAX, "public enrolment files, at least four of them with a replica" },
      .flags = genesis_assemble_flags,
      .example = "ward genesis assemble --name city --time-ms 1767225600000 --out city.genesis mercy.enrol north.enrol south.enrol clinic.enrol",
      .exits = { EXIT_CONFIGURATION, EXIT_REFUSED, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_genesis_assemble },
    { .name = "genesis show",
      .summary = "show members, organisations, quorum and the fingerprint that configurations pin",
      .operand = { "FILE", 1, 1, "genesis file" },
      .flags = no_flags,
      .example = "ward genesis show city.genesis",
      .exits = { EXIT_CONFIGURATION, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_genesis_show },
    { .name = "genesis verify",
      .summary = "verify each proof of possession, the strength and the difference of all keys, and the fingerprint",
      .operand = { "FILE", 1, 1, "genesis file" },
      .flags = genesis_verify_flags,
      .example = "ward genesis verify city.genesis",
      .exits = { EXIT_CONFIGURATION, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_genesis_verify },
    { .name = "status",
      .summary = "say how a replica and its cluster are; when work is stuck, what is missing and what to do",
      .flags = status_flags,
      .example = "ward status --socket /run/ward/ward.sock",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_UNREACHABLE, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_status },
    { .name = "get",
      .summary = "ask for one thing of the ledger and check the answer: header, receipt, org, patient, pointers, grants, ticket, evaluate and more",
      .operand = { "WHAT", 1, 3, "what, then what names it: `receipt TRANSACTION`, `pointers ACCOUNT`, `pointer ACCOUNT NUMBER`" },
      .flags = get_flags,
      .example = "ward get pointers 5f1c..e2 --key keys/patient.key --genesis city.genesis --out pointers.proof",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_UNREACHABLE, EXIT_REFUSED, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_get },
    { .name = "audit",
      .summary = "show a patient's trail, complete by proof: who asked, what was permitted, denied and disclosed",
      .operand = { "ACCOUNT", 1, 1, "the patient's account, 64 hexadecimal digits" },
      .flags = audit_flags,
      .example = "ward audit 5f1c..e2 --key keys/patient.key --genesis city.genesis --out audit.proof",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_UNREACHABLE, EXIT_REFUSED, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_audit },
    { .name = "verify",
      .summary = "check a proof offline: signatures, paths, completeness; decisions are made again",
      .operand = { "FILE", 1, 1, "proof written by `ward get` or `ward audit` with --out" },
      .flags = verify_flags,
      .example = "ward verify audit.proof --genesis city.genesis",
      .exits = { EXIT_CONFIGURATION, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_verify },
    { .name = "submit",
      .summary = "make, sign and send one command, and wait for its receipt",
      .operand = { "TYPE", 1, 64, "type, then its fields as name=value: grant patient=HEX grantee=org:2 expires=+365d" },
      .flags = submit_flags,
      .example = "ward submit patient-set default_policy=treating --key patient.key",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_UNREACHABLE, EXIT_REFUSED, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_submit },
    { .name = "import-fhir",
      .summary = "publish a pointer for each clinical resource of a FHIR R4 bundle, signed by the hospital's record system; the same words again go on with one that was cut short",
      .operand = { "FILE", 1, 1, "bundle of one patient, in JSON" },
      .flags = import_flags,
      .example = "ward import-fhir bundle.json --patient 0a49cc0a49cc0a49cc0a49cc0a49cc0a49cc0a49cc0a49cc0a49cc0a49cc0a49 --key system.key --custody custody.json --genesis city.genesis",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_UNREACHABLE, EXIT_REFUSED, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_import_fhir },
    { .name = "inspect superblock",
      .summary = "show the four copies of the superblock and the version that they agree on, offline",
      .operand = { "DIR", 1, 1, "data directory of a replica, or a copy of one" },
      .flags = no_flags,
      .example = "ward inspect superblock /var/lib/ward",
      .exits = { EXIT_CONFIGURATION, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_inspect_superblock },
    { .name = "inspect damage",
      .summary = "say what is whole, rotten and torn in a data directory, and what a start would do: the recovery of a start, without changing a byte",
      .operand = { "DIR", 1, 1, "data directory of a replica, or a copy of one" },
      .flags = no_flags,
      .example = "ward inspect damage /var/lib/ward",
      .exits = { EXIT_CONFIGURATION, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_inspect_damage },
    { .name = "inspect log",
      .summary = "walk the log offline: segments, batches, records, the newest voting state; every checksum is verified",
      .operand = { "DIR", 1, 1, "data directory of a replica, or a copy of one" },
      .flags = inspect_log_flags,
      .example = "ward inspect log /var/lib/ward --records",
      .exits = { EXIT_CONFIGURATION, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_inspect_log },
    { .name = "inspect block",
      .summary = "show a committed block of the log and its commands, offline",
      .operand = { "DIR", 1, 1, "data directory of a replica, or a copy of one" },
      .flags = inspect_block_flags,
      .example = "ward inspect block /var/lib/ward --height 42",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_inspect_block },
    { .name = "inspect state",
      .summary = "execute the committed blocks of the log again and give the root of the state, offline",
      .operand = { "DIR", 1, 1, "data directory of a replica, or a copy of one" },
      .flags = inspect_state_flags,
      .example = "ward inspect state /var/lib/ward --genesis city.genesis",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_INTEGRITY, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = cmd_inspect_state },
    { .name = NULL },
};

const struct command_program command_ward = { "ward", "ward", "keys, genesis, commands, questions and inspection of a Ward ledger", command_table };
