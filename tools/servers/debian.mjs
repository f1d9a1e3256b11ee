import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether this is Debian itself, whose archive holds later suites that its earlier ones can borrow from. */
export const isDebian = () => osRelease().ID === 'debian';

/** Whether packages can be installed here: Debian or a child of it, and root. */
export const mayInstallPackages = () =>
  process.getuid?.() === 0 && /\b(debian|ubuntu)\b/.test(`${osRelease().ID} ${osRelease().ID_LIKE}`);

/**
 * The archive that this system takes its own packages from: `{ uri, signedBy }`, `signedBy` undefined when its sources
 * name no keyring. Undefined when no source names this system's suite.
 */
export function systemArchive(folder = '/etc/apt', suite = osRelease().VERSION_CODENAME) {
  return sourcesOf(folder).find(({ suites, components }) => suites.includes(suite) && components.includes('main'));
}

/** `ID`, `ID_LIKE`, `VERSION_CODENAME` and the like; empty where there is no such file. */
function osRelease() {
  const lines = read('/etc/os-release').split('\n');
  return Object.fromEntries(lines.map((line) => line.split('=', 2)).map(([name, value = '']) => [name, bare(value)]));
}
const bare = (value) => value.replace(/^"|"$/g, '');

function sourcesOf(folder) {
  const parts = list(join(folder, 'sources.list.d')).map((name) => join('sources.list.d', name));
  return ['sources.list', ...parts].flatMap((name) => {
    const text = read(join(folder, name));
    return name.endsWith('.sources') ? stanzas(text) : lines(text);
  });
}

/** `deb [signed-by=/a.gpg] http://host/debian bookworm main contrib` */
function lines(text) {
  const found = text.matchAll(
    /^deb\s+(?:\[(?<options>[^\]]*)\]\s+)?(?<uri>\S+)\s+(?<suite>\S+)\s+(?<components>.+)$/gm,
  );
  return [...found].map(({ groups: { options = '', uri, suite, components } }) => ({
    uri,
    suites: [suite],
    components: components.split(/\s+/),
    signedBy: /signed-by=(\S+)/.exec(options)?.[1],
  }));
}

/** Paragraphs of `Types: deb`, `URIs: ...`, `Suites: ...`, ...; a keyring may be a path or be written out. */
function stanzas(text) {
  const paragraphs = text.replace(/^#.*\n/gm, '').split(/\n\s*\n/);
  return paragraphs.flatMap((paragraph) => {
    const field = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(paragraph)?.[1].trim();
    const words = (name) => field(name)?.split(/\s+/) ?? [];
    const signedBy = field('Signed-By');
    if (!words('Types').includes('deb') || field('Enabled') === 'no') return [];
    const rest = { suites: words('Suites'), components: words('Components') };
    return words('URIs').map((uri) => ({ uri, ...rest, signedBy: signedBy?.startsWith('/') ? signedBy : undefined }));
  });
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(path) {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
