# The Deadline Cloud client beside After Effects, on Windows; see submit.jsxinc, which writes client and command line into it, each
# in single quotes. With "start" it starts itself again, hidden and free of After Effects' pipes, and ends.
param([string]$step)
Set-Location -LiteralPath $PSScriptRoot
if ($step -eq 'start') {
  $again = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "' + $PSCommandPath + '"'
  Start-Process -WindowStyle Hidden -FilePath powershell.exe -ArgumentList $again
  exit
}
$env:PYTHONUTF8 = '1'
$code = 127
# Only an .exe: a batch file would have its words read once more, by cmd.exe.
$client = Get-Command @CLIENT@ -All -CommandType Application -ErrorAction SilentlyContinue |
  Where-Object { $_.Extension -eq '.exe' } | Select-Object -First 1
if ($client) {
  try {
    $code = 1
    $process = Start-Process -NoNewWindow -PassThru -ErrorAction Stop -FilePath $client.Source -ArgumentList @WORDS@ `
      -RedirectStandardOutput output.txt -RedirectStandardError errors.txt
    $handle = $process.Handle # read, so that the exit code is kept
    Set-Content -Path pid.txt -Value $process.Id -Encoding ascii
    $process.WaitForExit()
    $code = $process.ExitCode
  } catch { Set-Content -Path errors.txt -Value $_.Exception.Message -Encoding utf8 }
}
Set-Content -Path code.tmp -Value $code -Encoding ascii
Move-Item -Path code.tmp -Destination code.txt
