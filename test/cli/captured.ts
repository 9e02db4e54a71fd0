/** What a verb writes, while a test runs. */

export interface Captured {
  stdout: string;
  stderr: string;
}

export function capture(): Captured {
  const captured: Captured = { stdout: '', stderr: '' };
  beforeEach(() => {
    captured.stdout = '';
    captured.stderr = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((captured.stdout += String(text))));
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((captured.stderr += String(text))));
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  return captured;
}
