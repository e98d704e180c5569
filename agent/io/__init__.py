"""What leaves or enters the machine, and only when the reader has said so.

    archive    an archive of images (PACS), whichever way it is spoken to; what it is asked, and what is sent
    choose     which of the two is set up
    dicomweb   over DICOMweb: QIDO, WADO, STOW
    dimse      as a DICOM node: C-ECHO, C-FIND, C-GET, C-STORE
    mcp        other agents at work here: the protocol; `mcp_offers` what they may call, `mcp_room` their cases,
               `mcp_folders` the folders they may open scans from

Addresses and keys come from `agent.settings` alone. No language model of ours reaches anything here but through
`export`, which waits for the reader's approval.
"""
