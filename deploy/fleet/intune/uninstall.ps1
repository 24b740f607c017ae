<#
.SYNOPSIS
    Removes the Keuring agent and all that it kept; the uninstall command of an Intune app (Win32).
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

$places = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*'
$found = Get-ItemProperty -Path $places | Where-Object { $_.PSObject.Properties['DisplayName'] -and $_.DisplayName -eq 'Keuring agent' }
if ($null -eq $found) {
    exit 0
}
$arguments = @('/x', $found.PSChildName, '/qn', '/norestart', 'PURGE=1')
$process = Start-Process -FilePath 'msiexec.exe' -ArgumentList $arguments -Wait -PassThru
exit $process.ExitCode
