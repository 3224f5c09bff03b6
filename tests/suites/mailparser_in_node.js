// Runs mailparser's own tests with another parser in its place, in two rounds: without answers it writes down each
// test's mail and code; with them (a file of JSON) it says which of the test's comparisons fail.  Argument: [answers]
"use strict";
const events = require("events");
const fs = require("fs");
const Module = require("module");
const util = require("util");

const answers = process.argv[2] ? JSON.parse(fs.readFileSync(process.argv[2], "utf8")) : null;
const outcome = {};
const ended = [];
let current = "";

class MailParser extends events.EventEmitter {
    constructor(options) {
        super();
        Object.assign(this, { test: current, chunks: [], options: options || {} });
    }
    write(chunk, encoding) {
        this.chunks.push(Buffer.from(chunk, encoding));
        return true;
    }
    end(chunk, encoding) {
        if (chunk) this.write(chunk, encoding);
        ended.push(this);
    }
    answer() {
        const told = outcome[this.test];
        if (!answers) told.raw = Buffer.concat(this.chunks).toString("base64");
        else if (this.test in answers) {
            current = this.test;
            try {
                this.emit("end", shape(answers[this.test]));
            } catch (error) {
                told.amiss.push(String(error));
            }
        }
    }
}

function shape(mail) {
    for (const file of mail.attachments) file.content = Buffer.from(file.content, "base64");
    if (mail.date) mail.date = new Date(mail.date);
    return mail;
}

// Runs of blanks are one: where a letter's lines end is not what these tests are about.
const plain = value => (typeof value === "string" ? value.replace(/\s+/g, " ").trim() : value);

function compare(got, expected) {
    const told = outcome[current];
    told.compared += 1;
    if (util.isDeepStrictEqual(plain(got), plain(expected))) return;
    told.amiss.push(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
}

const test = { expect() {}, done() {}, equal: compare, deepEqual: compare, ok: got => compare(Boolean(got), true) };
const load = Module._load;
Module._load = (name, ...rest) =>
    name === "../lib/mailparser" ? { MailParser } : name === "encoding" ? {} : load(name, ...rest);

for (const [group, tests] of Object.entries(require(process.cwd() + "/test/mailparser.js"))) {
    for (const [name, run] of Object.entries(tests)) {
        current = `${group}: ${name}`;
        outcome[current] = { code: run.toString(), raw: "", compared: 0, amiss: [] };
        try {
            run(test);
            ended.splice(0).forEach(parser => parser.answer()); // now, as tests listen after they end the mail
        } catch (error) {
            outcome[current].amiss.push(String(error));
        }
    }
}
process.stdout.write(JSON.stringify(outcome));
