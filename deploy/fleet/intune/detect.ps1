<#
.SYNOPSIS
    Tells Intune whether this version of the agent is installed and its service runs; a detection rule.
#>
[CmdletBinding()]
param()

$wanted = [version]'0.1.0'
$program = Join-Path $env:ProgramFiles 'Keuring agent\keuring-agent.exe'
if (-not (Test-Path -Path $program)) {
    exit 1
}
$installed = [version]((& $program --version) -replace '^keuring-agent ', '')
$service = Get-Service -Name 'KeuringAgent' -ErrorAction SilentlyContinue
if ($installed -lt $wanted -or $null -eq $service) {
    exit 1
}
Write-Output "keuring-agent $installed"
exit 0
