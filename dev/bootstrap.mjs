/**
 * Makes `npm start`, `npm test` and the like stand alone: runs before each of them on whatever Node there is (20.3 or newer),
 * and installs the dependencies, Node 24 among them, when they are missing or not those of package-lock.json. npm puts
 * node_modules/.bin first on the PATH of its scripts, so the script that follows runs on that Node 24, also on the
 * first run, when the folder was not yet there as npm started. Costs some milliseconds when all is in place.
 */
import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')
const pinnedNode = join(modules, '.bin', 'node')

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {}
}

/** What npm noted down of its last installation, against the lock file. Packages for other platforms may be missing. */
function isComplete() {
  try {
    accessSync(pinnedNode, constants.X_OK)
    const wanted = packagesOf(join(root, 'package-lock.json'))
    const installed = packagesOf(join(modules, '.package-lock.json'))
    return Object.entries(wanted).every(([path, { version, optional }]) => {
      if (path === '') return true
      const found = installed[path]
      return found === undefined ? optional === true : found.version === version
    })
  } catch {
    return false
  }
}

/** The installation replaces node_modules, so neither Node nor npm may be run from there. */
function environment() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(modules))
  return { ...process.env, PATH: path.join(delimiter), NODE_ENV: 'development' }
}

function outerNode() {
  const candidates = [process.env.npm_node_execpath, process.execPath]
  return candidates.find((file) => file && existsSync(file) && !file.startsWith(modules))
}

/** How many of the wanted packages are there, and since when we wait. */
function howFar(began) {
  const seconds = Math.round((Date.now() - began) / 1000)
  const wanted = Object.entries(packagesOf(join(root, 'package-lock.json'))).filter(
    ([path, { optional }]) => path !== '' && optional !== true,
  )
  const there = wanted.filter(([path]) => existsSync(join(root, path, 'package.json'))).length
  const percent = Math.floor((there / wanted.length) * 100)
  return `${there} of ${wanted.length} packages (${percent} %), ${seconds} s`
}

/** Runs npm with a line of progress now and then; what npm says is shown only when it fails. */
function npm(args) {
  const node = outerNode()
  const script = process.env.npm_execpath
  const options = { cwd: root, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] }
  const child = node && script ? spawn(node, [script, ...args], options) : spawn('npm', args, options)
  const began = Date.now()
  const progress = setInterval(() => console.log(`  … ${howFar(began)}`), 5_000)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk
    })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearInterval(progress)
      if (code === 0) resolve()
      else reject(new Error(`${output.trimEnd()}\nnpm ${args[0]} failed (${signal ?? `exit code ${code}`}).`))
    })
  })
}

async function install() {
  console.log(
    'First start. What takes long, once: the dependencies (about a minute), then a Temporal server (about a minute to\n' +
      'download, about ten to build). A `temporal` on the PATH spares the second: https://docs.temporal.io/cli\n' +
      'Installing the dependencies …',
  )
  await npm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'])
}

/** Where npm was told to run no install scripts, the package `node` has not fetched its binary yet, and npm not linked it. */
function fetchPinnedNode() {
  if (existsSync(pinnedNode)) return
  console.log('Fetching Node 24 …')
  const folder = join(modules, 'node')
  spawnSync(outerNode() ?? 'node', ['installArchSpecificPackage'], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (existsSync(pinnedNode) || !existsSync(join(folder, 'bin', 'node'))) return
  mkdirSync(join(modules, '.bin'), { recursive: true })
  symlinkSync(join('..', 'node', 'bin', 'node'), pinnedNode)
}

if (!isComplete()) {
  try {
    await install()
    fetchPinnedNode()
    if (!existsSync(pinnedNode)) throw new Error(`Node 24 was not installed (${pinnedNode} is missing).`)
  } catch (error) {
    console.error(`${error.message}\nThe dependencies could not be installed. See the lines above.`)
    process.exit(1)
  }
}
