# Run the Deadline Cloud client in the background on Windows. submit.jsxinc fills in the client and its command line, each in
# single quotes. With "start" the script starts itself again, hidden and without After Effects' pipes, and exits.
param([string]$step)
Set-Location -LiteralPath $PSScriptRoot
if ($step -eq 'start') {
  $again = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "' + $PSCommandPath + '"'
  Start-Process -WindowStyle Hidden -FilePath powershell.exe -ArgumentList $again
  exit
}
$env:PYTHONUTF8 = '1'
$code = 127
# Only an .exe: with a batch file, cmd.exe would parse the arguments once more.
$client = Get-Command @CLIENT@ -All -CommandType Application -ErrorAction SilentlyContinue |
  Where-Object { $_.Extension -eq '.exe' } | Select-Object -First 1
if ($client) {
  try {
    $code = 1
    $process = Start-Process -NoNewWindow -PassThru -ErrorAction Stop -FilePath $client.Source -ArgumentList @WORDS@ `
      -RedirectStandardOutput output.txt -RedirectStandardError errors.txt
    $handle = $process.Handle # reading it keeps the exit code
    Set-Content -Path pid.txt -Value $process.Id -Encoding ascii
    $process.WaitForExit()
    $code = $process.ExitCode
  } catch { Set-Content -Path errors.txt -Value $_.Exception.Message -Encoding utf8 }
}
Set-Content -Path code.tmp -Value $code -Encoding ascii
Move-Item -Path code.tmp -Destination code.txt
