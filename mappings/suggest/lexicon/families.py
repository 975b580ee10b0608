"""The own names of widespread systems: the whole name of a column, and the slot it feeds.

An empty slot says that the column is none of ours. Names are compared in lower case without
signs: ``VAT Registration No_`` is ``vatregistrationno``.
"""

FAMILIES: dict[str, dict[str, str]] = {
    "SAP": {
        "customer.name": "NAME1 NAME_ORG1 MCNAME",
        "name_extra": "NAME2 NAME_ORG2",
        "first_name": "NAME_FIRST NAMEV",
        "last_name": "NAME_LAST",
        "street": "STRAS STREET",
        "house_number": "HOUSE_NUM1",
        "postal_code": "PSTLZ POST_CODE1",
        "city": "ORT01 CITY1",
        "country": "LAND1",
        "language": "SPRAS LANGU",
        "phone": "TELF1 TEL_NUMBER",
        "mobile": "TELF2 MOB_NUMBER",
        "email": "SMTP_ADDR",
        "tax_id": "STCEG TAXNUM",
        "inactive": "LOEVM LVORM AUFSD LOEVM_KO XDELE",
        "kind": "BU_TYPE",
        "code": "MATNR",
        "product_code": "MATNR",
        "product.name": "MAKTX MAKTG",
        "category": "MATKL",
        "unit": "MEINS KMEIN VRKME",
        "price.amount": "KBETR",
        "list_price": "KBETR",
        "currency": "KONWA WAERS WAERK",
        "valid_from": "DATAB",
        "": """
            MANDT KUNNR ERDAT ERNAM AEDAT AENAM LAEDA KTOKD KONZS LIFNR ADRNR ANRED BRSCH REGIO
            STCD1 STCD2 STCD3 STCD4 TELFX TELBX TELTX TELX1 SORTL MCOD1 MCOD2 MCOD3 ORT02 PFACH
            PSTL2 NAME3 NAME4 BBBNR BBSNR BUBKZ DATLT EXABL FAKSD LIFSD SPERR FISKN LZONE STKZA
            STKZN STKZU STPRS VERPR
            PFORT WERKS NIELS VBELN AUART VKORG VTWEG SPART VKGRP VKBUR NETWR AUDAT VBTYP
            BSTNK KNUMV VDATU VSBED KUNAG KNUMH KOPOS KSCHL KAPPL DATBI KPEIN KRECH KSTBM KFRST
            MTART MBRSH BISMT BSTME BRGEW NTGEW GEWEI VOLUM VOLEH EAN11 NUMTP PRDHA ERSDA PSTAT
            VPSTA MSTAE GROES WRKST NORMT LABOR EKWSL SPRSL
        """,
    },
    "Dynamics": {
        "customer.name": "displayName",
        "name_extra": "Name_2",
        "street": "addressLine1",
        "street_extra": "Address_2 addressLine2",
        "country": "Country_Region_Code",
        "tax_id": "VAT_Registration_No_ taxRegistrationNumber",
        "phone": "phoneNumber Phone_No_",
        "inactive": "Blocked",
        "code": "No_",
        "product_code": "Item_No_ Asset_No_ Product_No_",
        "product.name": "Description",
        "category": "Item_Category_Code itemCategoryCode Product_Group_Code",
        "unit": "Base_Unit_of_Measure baseUnitOfMeasureCode Unit_of_Measure_Code",
        "list_price": "Unit_Price unitPrice",
        "price.amount": "Unit_Price",
        "currency": "Currency_Code currencyCode",
        "valid_from": "Starting_Date",
        "": """
            Search_Name Our_Account_No_ Territory_Code Customer_Posting_Group
            Customer_Price_Group Payment_Terms_Code Salesperson_Code Gen_Bus_Posting_Group
            Last_Date_Modified Home_Page Unit_Cost Standard_Cost Last_Direct_Cost Shelf_No_
            Ending_Date Sales_Code Sales_Type Minimum_Quantity Variant_Code taxAreaId
        """,
    },
    "Odoo": {
        "customer.name": "complete_name",
        "kind": "company_type is_company",
        "street_extra": "street2",
        "postal_code": "zip",
        "tax_id": "vat",
        "code": "default_code",
        "category": "categ_id",
        "unit": "uom_id",
        "list_price": "list_price lst_price",
        "": """
            create_uid write_uid create_date write_date company_id uom_po_id standard_price
            commercial_partner_id parent_id user_id team_id state_id ref sale_ok purchase_ok
            message_bounce partner_share partner_latitude partner_longitude is_published
            product_variant_count supplier_rank customer_rank
        """,
    },
    "Salesforce": {
        "street": "BillingStreet MailingStreet",
        "city": "BillingCity MailingCity",
        "postal_code": "BillingPostalCode MailingPostalCode",
        "country": "BillingCountry BillingCountryCode MailingCountry MailingCountryCode",
        "kind": "IsPersonAccount",
        "no_marketing": "HasOptedOutOfEmail",
        "inactive": "IsDeleted",
        "code": "ProductCode",
        "category": "Family",
        "unit": "QuantityUnitOfMeasure",
        "currency": "CurrencyIsoCode",
        "price.amount": "UnitPrice",
        "": """
            ShippingStreet ShippingCity ShippingPostalCode ShippingCountry OtherStreet OtherCity
            SystemModstamp LastModifiedById CreatedById OwnerId Pricebook2Id RecordTypeId
            PhotoUrl Jigsaw ParentId MasterRecordId UseStandardPrice
        """,
    },
    "Magento": {
        "first_name": "firstname",
        "last_name": "lastname",
        "tax_id": "taxvat",
        "country": "country_id",
        "postal_code": "postcode",
        "": """
            website_id store_id group_id increment_id rp_token password_hash created_in
            default_billing default_shipping disable_auto_group_change failures_num
            attribute_set_id has_options required_options
        """,
    },
    "PrestaShop": {
        "first_name": "firstname",
        "last_name": "lastname",
        "marketing_consent": "newsletter optin",
        "active": "active",
        "language": "id_lang",
        "code": "reference",
        "": """
            id_shop id_shop_group id_gender id_default_group id_risk siret ape passwd
            last_passwd_gen secure_key is_guest max_payment_days id_tax_rules_group
            wholesale_price ecotax on_sale online_only id_supplier id_manufacturer unity
        """,
    },
    "WooCommerce": {
        "first_name": "billing_first_name",
        "last_name": "billing_last_name",
        "company": "billing_company",
        "street": "billing_address_1",
        "street_extra": "billing_address_2",
        "city": "billing_city",
        "postal_code": "billing_postcode",
        "country": "billing_country",
        "phone": "billing_phone",
        "email": "billing_email user_email",
        "customer.name": "display_name",
        "list_price": "regular_price _regular_price",
        "code": "_sku sku",
        "product.name": "post_title",
        "active": "post_status",
        "": """
            user_login user_pass user_nicename user_activation_key user_status post_name
            post_author post_content post_excerpt menu_order sale_price shipping_first_name
            shipping_last_name shipping_address_1 shipping_city shipping_country
        """,
    },
    "Tryton": {
        "active": "active",
        "unit": "default_uom.name default_uom.symbol sale_uom.name",
        "list_price": "list_price list_price_used",
        "language": "lang.code",
        "": "create_uid write_uid cost_price cost_price_method rec_name",
    },
    "Shopify": {
        "product.name": "Title",
        "code": "Variant_SKU",
        "list_price": "Variant_Price",
        "marketing_consent": "accepts_marketing",
        "": "Handle Variant_Compare_At_Price Vendor Body_HTML Variant_Grams",
    },
}
