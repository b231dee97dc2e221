/**
 * `npm run lock`: completes package-lock.json after a dependency was added. npm lists the optional packages of every platform
 * in the lock file, but leaves out those that its registry did not offer at that moment; `npm ci` then refuses the file. This
 * command adds an entry for each of them, and asks the registry for every integrity (SRI hash) that is missing, so that no
 * package can be installed unchecked on any platform.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
  'wasm32',
]

/** The platform as such packages write it into their names, say `core-linux-x64-musl`. */
function platformOf(name) {
  const words = name.split(/[/-]/)
  const os = systems.filter((system) => words.includes(system))
  const cpu = processors.filter((processor) => words.includes(processor))
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : []
  return os.length === 0 || cpu.length === 0 ? undefined : { os, cpu, ...(libc.length === 0 ? {} : { libc }) }
}

/** Adds the missing entries. Answers the paths it added; throws where a version is no plain one. */
export function completeLock(lock) {
  const { packages } = lock
  const added = []
  for (const [path, entry] of Object.entries({ ...packages }))
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const at = `node_modules/${name}`
      if (packages[at] !== undefined || packages[`${path}/${at}`] !== undefined) continue
      const platform = platformOf(name)
      if (platform === undefined || !/^\d+\.\d+\.\d+[\w.+-]*$/.test(version))
        throw new Error(
          `${path} wants ${name}@${version}, which is not in package-lock.json: install it by hand`,
        )
      const kind = entry.dev === true ? { dev: true } : {}
      packages[at] = { version, ...kind, optional: true, ...platform }
      added.push(at)
    }
  const sorted = Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1))
  lock.packages = Object.fromEntries(sorted)
  return added
}

/** Fills in missing integrities. Returns the paths it completed; throws where the registry does not know one. */
export function completeIntegrity(lock, integrityOf) {
  const incomplete = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && !entry.integrity)
  for (const [path, entry] of incomplete) {
    const name = entry.name ?? path.replace(/^.*node_modules\//, '')
    const integrity = integrityOf(name, entry.version)
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity))
      throw new Error(`the registry gives no SHA-512 for ${name}@${entry.version}`)
    entry.integrity = integrity
  }
  return incomplete.map(([path]) => path)
}

function askRegistry(name, version) {
  return execFileSync('npm', ['view', `${name}@${version}`, 'dist.integrity'], { encoding: 'utf8' }).trim()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL('../package-lock.json', import.meta.url))
  const lock = JSON.parse(readFileSync(file, 'utf8'))
  const added = completeLock(lock)
  const completed = completeIntegrity(lock, askRegistry)
  if (added.length + completed.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  for (const path of added) console.log(`added ${path}`)
  for (const path of completed) console.log(`integrity of ${path}`)
}
