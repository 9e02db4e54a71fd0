import { spawnSync } from 'node:child_process';
import { newBench } from './shim';

/** The statements of MAAS's template, in its order (provisioningserver/templates/syslog/rsyslog.conf.template), with words of our own around them. */
const template = `# Where messages come from.
module(load="imuxsock" SysSock.Name="{{work_dir}}/log.sock")
module(load="imtcp")
input(type="imtcp" port="{{port}}")
module(load="imudp")
input(type="imudp" port="{{port}}")

$FileOwner {{user}}
$FileGroup {{group}}
{{if drop_priv}}
$PrivDropToUser {{user}}
$PrivDropToGroup {{group}}
{{endif}}

$WorkDirectory {{work_dir}}
$ActionQueueType LinkedList # in the background

# The journal.
module(load="omjournal")

template(name="MAASjournal" type="list") {
  constant(value="maas-log" outname="SYSLOG_IDENTIFIER")
  property(name="rawmsg-after-pri" outname="MESSAGE")
}

template(name="MAASnginxaccess" type="list") {
  constant(value="maas-http" outname="SYSLOG_IDENTIFIER")
  property(name="msg" outname="MESSAGE")
  constant(value="7" outname="PRIORITY")
}

{{if write_local}}
global(parser.permitSlashInProgramName="on")

template(name="MAASremote" type="subtree" subtree="$!remote")

if $programname == "maas_nginx" and $inputname == "imuxsock" then {
  action(type="omjournal" template="MAASnginxaccess")
} else if $syslogtag contains "maas" then {
  action(type="omjournal" template="MAASjournal")
} else {
  set $!remote!SYSLOG_IDENTIFIER = "maas-machine";
  set $.machineid = $hostname;
  set $!remote!MESSAGE = "[" & $.machineid & "] " & $syslogtag & $msg;

  action(type="omjournal" template="MAASremote")
}
{{endif}}

:inputname, isequal, "imtcp" stop

{{if forwarders}}
{{for server in forwarders}}
*.* action(type="omfwd" target="{{server['ip']}}" port="{{port}}" protocol="tcp"
           queue.filename="{{server['name']}}")
{{endfor}}
{{endif}}

{{if not write_local}}
if $programname == "maas_nginx" and $inputname == "imuxsock" then {
  action(type="omjournal" template="MAASnginxaccess")
} else if $syslogtag contains "maas" then {
  action(type="omjournal" template="MAASjournal")
}
{{endif}}

*.* stop
`;

function edit(text: string) {
  const bench = newBench();
  const path = bench.write('rsyslog.conf.template', text);
  const result = bench.shim('rsyslog-to-stdout', [path]);
  return {
    ...result,
    text: bench.read('rsyslog.conf.template'),
    again: () => ({ ...bench.shim('rsyslog-to-stdout', [path]), text: bench.read('rsyslog.conf.template') }),
  };
}

/** What MAAS makes of the template for a region, without Tempita: `write_local` and no forwarders. */
const rendered = (text: string, folder: string): string =>
  text
    .replace(/\{\{if (forwarders|not write_local)\}\}\n[^]*?\{\{endif\}\}\n(?!\{\{endif)/g, '')
    .replace(/\{\{if write_local\}\}\n|\{\{(if|for|endif|endfor)[^}]*\}\}\n/g, '')
    .replaceAll('{{work_dir}}', folder)
    .replaceAll('{{port}}', '5247')
    .replace(/\{\{(user|group)\}\}/g, 'root');

const rsyslogd = ['/usr/sbin/rsyslogd', 'rsyslogd'].find((program) => !spawnSync(program, ['-v']).error);

describe('rsyslog-to-stdout', () => {
  test('every action writes to the container’s output, as one readable line', () => {
    const { code, stderr, text } = edit(template);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(text).not.toMatch(/omjournal|outname=|subtree/);
    expect(text.match(/action\(type="omfile" file="\/dev\/stdout" template="MAAS\w+"\)/g)).toHaveLength(5);
    for (const name of ['MAASjournal', 'MAASnginxaccess', 'MAASremote']) {
      expect(text).toMatch(new RegExp(`template\\(name="${name}" type="list"\\) \\{\\n[^}]*constant\\(value="\\\\n"\\)\\n\\}`));
    }
    // The container's output is root's, and only root's.
    expect(text).not.toContain('PrivDrop');
  });

  test('everything else stays', () => {
    const untouched = (text: string): string[] =>
      text.split('\n').filter((line) => /imuxsock"|imtcp|imudp|set \$|omfwd|queue|\$FileOwner|\$WorkDirectory|stop$|^\{\{/.test(line));
    const { text } = edit(template);
    expect(untouched(text)).toEqual(untouched(template.replace('{{if drop_priv}}\n', '').replace('$PrivDropToGroup {{group}}\n{{endif}}\n', '')));
  });

  test('done twice is done once', () => {
    const first = edit(template);
    const second = first.again();
    expect(second).toMatchObject({ code: 0, text: first.text });
    expect(second.stdout).toContain('already edited');
  });

  test('templates that are not there are not missed, and an action without one keeps rsyslog’s own form', () => {
    const { code, text } = edit(template.replace(/template\(name="MAASremote".*\n/, '').replace(' template="MAASremote"', ''));
    expect(code).toBe(0);
    expect(text).toContain('action(type="omfile" file="/dev/stdout")');
  });

  test.each([
    ['a template of another name', 'name="MAASremote"', 'name="MAASother"', 'subtree= is still there'],
    ['the module', 'module(load="omjournal")', 'module(load="omjournal" x="y")', 'the module omjournal'],
    ['a template', '"MAASremote" type="subtree"', '"MAASremote" type="string"', 'the template MAASremote'],
    ['the change of user', '$PrivDropToUser', '$PrivDropToUserID', 'the change of user'],
    ['an action', '*.* stop', 'action(type = "omjournal")', 'omjournal is still there'],
  ])('a template in which %s differs is refused and left alone', (_, from, to, reason) => {
    const changed = template.replace(from, to);
    const { code, stderr, text } = edit(changed);
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
    expect(text).toBe(changed);
  });

  // Debian and Ubuntu: apt install rsyslog.
  (rsyslogd ? test : test.skip)('rsyslogd finds nothing wrong with it (where it is installed; the cluster tests run it anyway)', () => {
    const { text } = edit(template);
    const bench = newBench();
    const path = bench.write('rsyslog.conf', rendered(text, bench.folder));
    const { code, stderr } = bench.run(rsyslogd!, ['-N1', '-f', path]);
    expect(stderr).not.toMatch(/error|warning/i);
    expect(code).toBe(0);
  });
});
