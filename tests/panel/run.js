'use strict'
// Run the panel once: the request is JSON on standard input, the answer is JSON on standard output.
//
//   { entry, host: options of hostFor, ui: false, steps: [code, …], timeout: seconds }
//   -> { values: [of each step], calls, said, stored, milliseconds: [of each step] }
//
// A step may return any JSON value. The step "tick" runs scheduled tasks until none is left.

const { hostFor } = require('./host')

async function main () {
  let text = ''
  for await (const part of process.stdin) { text += part }
  const request = JSON.parse(text)
  const host = hostFor(request.host)
  host.load(request.entry, { ui: request.ui === true })
  const values = []
  const milliseconds = []
  for (const step of request.steps) {
    const start = process.hrtime.bigint()
    if (step === 'tick') { await drain(host, request.timeout || 30) } else { values.push(host.eval(step)) }
    milliseconds.push(Number(process.hrtime.bigint() - start) / 1e6)
  }
  process.stdout.write(JSON.stringify({ values, calls: host.calls, said: host.said, stored: host.stored, milliseconds }, (_, value) => value === undefined ? null : value))
}

async function drain (host, timeout) {
  const end = Date.now() + timeout * 1000
  while (host.tick()) {
    if (Date.now() > end) { throw new Error('a scheduled task never ended') }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

main().catch(error => { process.stderr.write(`${error.stack}\n`); process.exitCode = 1 })
