*** Settings ***
Documentation     Checks a month's ledger before it is closed.
Library           Collections
Library           String
Library           OperatingSystem

*** Variables ***
${LEDGER}         ${CURDIR}${/}ledger.csv
${MONTH}          2026-03

*** Test Cases ***
Debit And Credit Are Equal
    [Tags]    sums
    ${entries}=    Entries Of The Month
    ${debit}=    Sum Of    ${entries}    debit
    ${credit}=    Sum Of    ${entries}    credit
    Should Be Equal    ${debit}    ${credit}

Every Entry Has A Receipt
    [Tags]    receipts
    ${entries}=    Entries Of The Month
    FOR    ${entry}    IN    @{entries}
        Should Not Be Empty    ${entry}[receipt]    ${entry}[date] ${entry}[account] has no receipt
    END

No Entry Comes Twice
    [Tags]    receipts
    ${entries}=    Entries Of The Month
    @{receipts}=    Evaluate    [entry["receipt"] + entry["account"] for entry in $entries]
    List Should Not Contain Duplicates    ${receipts}

*** Keywords ***
Entries Of The Month
    ${text}=    Get File    ${LEDGER}
    ${entries}=    Evaluate    [each for each in csv.DictReader($text.splitlines()) if each["date"].startswith("${MONTH}")]
    ...    modules=csv
    Should Not Be Empty    ${entries}    ${MONTH} has no entries
    Log    ${MONTH} has ${{ len($entries) }} entries
    RETURN    ${entries}

Sum Of
    [Arguments]    ${entries}    ${column}
    ${sum}=    Evaluate    sum(decimal.Decimal(each["${column}"] or 0) for each in $entries)    modules=decimal
    Log    ${column}: ${sum}
    RETURN    ${sum}
