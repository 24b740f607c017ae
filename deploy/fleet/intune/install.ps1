<#
.SYNOPSIS
    Installs or updates the Keuring agent; the install command of an Intune app (Win32).
.DESCRIPTION
    powershell.exe -NoProfile -ExecutionPolicy Bypass -File install.ps1
    The token, if any, stands in token.txt beside this file. It is needed at the first installation only.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

$here = Split-Path -Parent $MyInvocation.MyCommand.Path
$package = Get-ChildItem -Path $here -Filter 'keuring-agent*.msi' | Sort-Object -Property Name | Select-Object -Last 1
if ($null -eq $package) {
    Write-Error "There is no keuring-agent*.msi beside $($MyInvocation.MyCommand.Path)."
    exit 2
}

$arguments = @('/i', "`"$($package.FullName)`"", '/qn', '/norestart')
$identity = Join-Path $env:ProgramData 'Keuring\state\identity.json'
$tokenFile = Join-Path $here 'token.txt'
if ((Test-Path -Path $tokenFile) -and -not (Test-Path -Path $identity)) {
    $token = (Get-Content -Path $tokenFile -Raw) -replace '\s', ''
    $arguments += "TOKEN=$token"
}

$process = Start-Process -FilePath 'msiexec.exe' -ArgumentList $arguments -Wait -PassThru
exit $process.ExitCode
